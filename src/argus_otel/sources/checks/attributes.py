"""The attributes of the signals of checks."""

from __future__ import annotations

from argus_otel.telemetry import Attribute, SpanAttribute

from .errors import ErrorType
from .judge import Status
from .mutes import MuteReason
from .outcomes import Outcome

MOST_CHECKS = 20_000
"""How many checks one agent tells apart in metrics."""

NAME = Attribute("argus.check.name", "The check's name.", cardinality_limit=MOST_CHECKS, examples=("shop",))
TYPE = Attribute(
    "argus.check.type", "The type of what probes, such as `http`.", cardinality_limit=50, examples=("http", "dns")
)
SERVICE = Attribute(
    "service.peer.name", "The service that the check belongs to.", cardinality_limit=500, examples=("shop",)
)
OUTCOME = Attribute(
    "argus.check.outcome",
    "`ok`; `warn`: a condition under `warn:` did not hold; `failed`; `unknown`: nothing was judged.",
    values=tuple(each.value for each in Outcome),
)
ERROR_TYPE = Attribute(
    "error.type",
    "Why it failed, or has a warning; absent if neither.",
    values=tuple(each.value for each in ErrorType if each is not ErrorType.OTHER),
)
STATE = Attribute("argus.check.state", "The confirmed status.", values=tuple(each.value for each in Status))
MUTE_REASON = Attribute(
    "argus.check.mute.reason",
    "`maintenance`: a window of the file is open. `parent`: a parent is down. `manual`: a person asked for it.",
    values=tuple(each.value for each in MuteReason),
)
PHASE = Attribute(
    "argus.check.phase",
    "A phase of an attempt, in their order.",
    values=("dns", "connect", "tls", "send", "first_byte", "transfer"),
)
SLO = Attribute(
    "argus.check.slo",
    "What is promised under `slo:`. `availability`: the check is not down. `latency`: its last run succeeded in time.",
    values=("availability", "latency"),
)
SLO_WINDOW = Attribute(
    "argus.check.slo.window",
    "The time over which it is promised, as Prometheus writes durations.",
    cardinality_limit=50,
    examples=("30d", "7d"),
)
SKIP_REASON = Attribute(
    "argus.check.skip.reason",
    "`overrun`: the run before had not ended. `late`: the agent was not woken in time. `clock`: the wall clock was set "
    "forward, or the host slept.",
    values=("overrun", "late", "clock"),
)
RELOAD_OUTCOME = Attribute(
    "argus.check.reload.outcome",
    "`ok`; `failed`: the file has mistakes, and the old one stays in use.",
    values=("ok", "failed"),
)
SUBSCRIBER_EVENT = Attribute(
    "argus.check.event",
    "The event of `argus_otel.checks.on`.",
    values=("status_changed", "failed", "succeeded", "service_changed", "certificate_changed", "reloaded"),
)

STATE_BEFORE = SpanAttribute("argus.check.state.before", "The status before the change.", ("up",))
SINCE = SpanAttribute(
    "argus.check.since",
    "When the first run that confirms the change was due, in milliseconds since 1970.",
    (1_764_460_800_000,),
)
HOLDS = SpanAttribute(
    "argus.check.state.holds",
    "How long the state lasts unless another row follows, in seconds: the agent may have ended.",
    (7200,),
)
CONDITION = SpanAttribute("argus.check.condition", "The condition that did not hold.", ("status: 2xx",))
DETAIL = SpanAttribute("argus.check.detail", "One sentence on the failure.", ("status is 500, not 2xx",))
MUTED = SpanAttribute("argus.check.muted", "Why alerts on it are muted, separated by commas.", ("maintenance",))
EVENT_ID = SpanAttribute(
    "argus.check.event.id", "The same however often, and by how many agents, it is sent.", ("5f0c7c52-…",)
)
AGAIN = SpanAttribute(
    "argus.check.again", "Whether it may have been sent before: the agent was killed soon after it.", (True,)
)
RUN_ATTEMPTS = SpanAttribute("argus.check.attempts", "How many attempts the run had.", (1,))
DISTURBED = SpanAttribute("argus.check.disturbed", "Whether the agent was too slow to measure durations.", (False,))
SLOT = SpanAttribute("argus.check.slot", "When the run was due, in milliseconds since 1970.", (1_764_460_800_000,))
EXPIRY = SpanAttribute("tls.server.not_after", "When the server's certificate expires.", ("2027-01-31T23:59:59Z",))
EXPIRY_BEFORE = SpanAttribute(
    "argus.check.certificate.before", "When the certificate before it expires.", ("2026-12-31T23:59:59Z",)
)
RELOAD_ERROR = SpanAttribute("argus.check.reload.error", "What is wrong with the file.", ("checks.yaml:3:5: …",))
RESENT = SpanAttribute(
    "http.request.resend_count", "How many redirects led to this request; absent for the first one.", (1,)
)
HTTP = (
    SpanAttribute("http.request.method", "The method.", ("GET",)),
    SpanAttribute("url.full", "The URL, without values of its query.", ("https://shop.example/health?key=REDACTED",)),
    SpanAttribute("http.response.status_code", "The status.", (200,)),
    RESENT,
)
NETWORK = (
    SpanAttribute("server.address", "The host that is probed.", ("shop.example",)),
    SpanAttribute("server.port", "Its port.", (443,)),
    SpanAttribute("dns.question.name", "The name that a DNS check asks for.", ("shop.example",)),
    SpanAttribute("network.peer.address", "The address that was connected to.", ("192.0.2.7",)),
    SpanAttribute("user_agent.synthetic.type", "Always `test`: no user has asked.", ("test",)),
)
PHASE_SECONDS = tuple(
    SpanAttribute(f"argus.check.phase.{phase}", f"How long the phase `{phase}` took, in seconds.", (0.004,))
    for phase in PHASE.values
)
