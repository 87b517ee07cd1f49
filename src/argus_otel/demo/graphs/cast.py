"""Which tickets the support agent gets: what its models answer to each, and what has to be found wrong with the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .replies import Asked, Reply, ToolRequest

_LOOKED_UP = Reply("We have looked it up for you.", pause=0.001)

NO_NODE = ""
"""The cause of a finding that is about the run as a whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that rules have to find, once in each run.

    Attributes
    ----------
    rule:
        The rule's id.
    cause:
        The node that caused it, or at which it shows.
    """

    rule: str
    cause: str
    severity: str


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of ticket.

    Attributes
    ----------
    story:
        What happens to it, for people.
    text:
        What the customer writes. No other ticket has it.
    topic:
        What the router's model makes of it; empty for a chat, which goes to the agent without being sorted.
    written:
        The writer's answer.
    turns:
        The agent's answers, one after the other.
    findings:
        What is wrong with it.
    hangs_up:
        Whether the customer stops reading the stream before the answer.
    """

    story: str
    text: str
    topic: str = ""
    written: Reply = _LOOKED_UP
    turns: Sequence[Reply] = ()
    findings: Sequence[Found] = ()
    hangs_up: bool = False

    @property
    def channel(self) -> str:
        """How it comes."""
        return "call" if self.hangs_up else "mail" if self.topic else "chat"


_DONE = Reply("It is on its way.")


def _asking(*tools: ToolRequest) -> Reply:
    return Reply(tools=tools)


def _for_order(number: str) -> ToolRequest:
    return ToolRequest("find_order", {"number": number})


_HOURS = ToolRequest("opening_hours")

HEALTHY = (
    Case("a question", "How long does a parcel take?", "delivery"),
    Case("an order, by a tool", "Where is order 17?", "order", turns=(_asking(_for_order("17")), _DONE)),
    Case(
        "two tools at once",
        "Is 18 packed, and are you there?",
        "order",
        turns=(_asking(_for_order("18"), _HOURS), _DONE),
    ),
    Case("three departments at once", "My parcel was wet.", "complaint"),
    Case("a person's consent, and a bank that stumbles", "I want my money back.", "refund"),
    Case("a graph in the graph", "Où est mon colis ?", "french"),
    Case(
        "a model that answers at the second attempt",
        "Does it take long?",
        "delivery",
        Reply("Three days.", refusals=(500,)),
    ),
    Case("a chat", "Are you open?", turns=(_asking(_HOURS), Reply("From nine to five."))),
    Case("a customer who hangs up", "Is anybody", "delivery", hangs_up=True),
)
"""Those with which nothing is silently wrong."""

LOUD = (Case("a model that refuses", "Is it fast?", "delivery", Reply("Never said.", refusals=(429, 429, 429))),)
"""Those that fail as everybody sees."""

FAULTY = (
    Case(
        "a key's name is misspelt",
        "How long is the warranty?",
        "warranty",
        findings=(Found("unknown_key", "look_up", "error"), Found("key_missing", "look_up", "error")),
    ),
    Case(
        "a key that is read later is None",
        "Where is my invoice?",
        "invoices",
        findings=(Found("key_empty", "look_up", "error"),),
    ),
    Case(
        "a text instead of a list",
        "Who pays customs?",
        "customs",
        findings=(Found("type_drift", "look_up", "error"),),
    ),
    Case(
        "a score that is NaN",
        "How many points have I?",
        "points",
        findings=(Found("not_finite", "look_up", "warn"),),
    ),
    Case(
        "a graph whose result is dropped",
        "I send you a picture.",
        "attachment",
        findings=(
            Found("subgraph_barren", "archive", "warn"),
            Found("no_update", "archive", "info"),
            Found("key_missing", "archive", "error"),
        ),
    ),
    Case(
        "a tool that does not exist",
        "Cancel order 17!",
        "order",
        turns=(_asking(ToolRequest("cancel_order", {"number": "17"})), Reply("It is cancelled.")),
        findings=(Found("tool_unknown", "tools", "warn"),),
    ),
    Case(
        "a tool that fails, and is passed over",
        "Where is order 99?",
        "order",
        turns=(_asking(_for_order("99")), _DONE),
        findings=(Found("tool_error_passed_on", "tools", "warn"),),
    ),
    Case(
        "the same tool again and again",
        "And where is order 18?",
        "order",
        turns=(*[_asking(_for_order("18"))] * 3, _DONE),
        findings=(Found("tool_repeated", "tools", "warn"),),
    ),
    Case(
        "an answer that is cut",
        "Tell me all about delivery.",
        "delivery",
        Reply("Parcels are first", cut=True),
        findings=(Found("answer_cut", "write", "warn"),),
    ),
    Case("an empty answer", "Hello?", turns=(Reply(""),), findings=(Found("answer_empty", "model", "error"),)),
    Case(
        "a loop up to the limit, swallowed",
        "Write a poem.",
        "poem",
        findings=(
            Found("limit_reached", NO_NODE, "error"),
            Found("no_progress", "draft", "error"),
            Found("no_progress", "criticise", "error"),
        ),
    ),
    Case("a loop close to the limit", "Write an essay.", "essay", findings=(Found("limit_near", NO_NODE, "warn"),)),
    Case(
        "a bank that never answers",
        "Money back to my closed bank.",
        "refund",
        findings=(Found("retry_exhausted", "pay", "error"),),
    ),
)
"""Those with which something is wrong that no customer and no log tells."""

CAST = (*HEALTHY, *LOUD, *FAULTY)


def answer(asked: Asked) -> Reply:
    """Answer as the models of the support agent do."""
    case = next((case for case in CAST if asked.mentions(case.text)), None)
    if case is None:
        return Reply("I do not know.")
    if asked.model == "router-1":
        return Reply(case.topic)
    if asked.model == "clerk-1":
        return case.turns[min(asked.turn, len(case.turns) - 1)]
    if asked.model == "reviewer-1":
        return Reply("It is not our fault.")
    return case.written
