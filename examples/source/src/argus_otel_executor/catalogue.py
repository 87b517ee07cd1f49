"""All signals of the source."""

from argus_otel.telemetry import Attribute, Catalogue, Event, InstrumentKind, Metric, Span, SpanKind

JOB = Attribute("executor.job.name", "The function that was submitted.", cardinality_limit=100, examples=("resize",))
ERROR = Attribute("error.type", "The exception that the job raised; absent if it raised none.", cardinality_limit=50)

_SECONDS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0)
WAITING = Metric("executor.job.waiting", InstrumentKind.GAUGE, "{job}", "Jobs that wait for a thread.")
WAIT = Metric(
    "executor.job.wait", InstrumentKind.HISTOGRAM, "s", "How long jobs waited for a thread.", (JOB,), _SECONDS
)
DURATION = Metric("executor.job.duration", InstrumentKind.HISTOGRAM, "s", "How long jobs ran.", (JOB, ERROR), _SECONDS)

JOB_SPAN = Span("job {executor.job.name}", SpanKind.INTERNAL, "A job, while it runs.", (JOB.name, ERROR.name))
JOB_EVENT = Event("executor.job", "A job has run.", (JOB.name, ERROR.name))

CATALOGUE = Catalogue("executor", (WAITING, WAIT, DURATION), (JOB_SPAN,), (JOB_EVENT,))
