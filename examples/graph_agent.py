"""A graph that answers questions about a shop, made with LangGraph: it has no line about argus-otel.

    OPENAI_API_KEY=… OTEL_TRACES_EXPORTER=console argus-otel run examples/graph_agent.py "How long does a parcel take?"

Each run is a trace. The last spans are those of opentelemetry-instrumentation-httpx, if it is installed:

    invoke_workflow shop
    ├── invoke_node sort
    │   └── chat gpt-4o-mini
    │       └── POST
    ├── invoke_node look_up
    └── invoke_node write
        └── chat gpt-4o-mini
            └── POST

The spans have the routes that were taken, the keys of the state that were written, and the tokens, but no text. What is
silently wrong is found: return `doc` instead of `docs` in look_up, and the run has the finding `unknown_key`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TypedDict

from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph

DOCUMENTS = {"delivery": ["A parcel takes three days."], "warranty": ["The warranty lasts for two years."]}

model = ChatOpenAI(model="gpt-4o-mini")


class Question(TypedDict, total=False):
    text: str
    topic: str
    docs: list[str]
    answer: str


async def sort(state: Question) -> Question:
    topics = ", ".join(DOCUMENTS)
    said = await model.ainvoke([("system", f"Is this about one of {topics}? One word."), ("user", state["text"])])
    return {"topic": str(said.content)}


def pick(state: Question) -> str:
    return "look_up" if state["topic"] in DOCUMENTS else "decline"


def look_up(state: Question) -> Question:
    return {"docs": DOCUMENTS[state["topic"]]}


async def write(state: Question) -> Question:
    said = await model.ainvoke([("system", f"Answer by this: {state['docs']}"), ("user", state["text"])])
    return {"answer": str(said.content)}


def decline(_: Question) -> Question:
    return {"answer": "That I do not know."}


graph = StateGraph(Question)
for node in (sort, look_up, write, decline):
    graph.add_node(node)
graph.add_edge(START, "sort")
graph.add_conditional_edges("sort", pick, ["look_up", "decline"])
graph.add_edge("look_up", "write")
graph.add_edge("write", END)
graph.add_edge("decline", END)
shop = graph.compile(name="shop")

if __name__ == "__main__":
    print(asyncio.run(shop.ainvoke({"text": " ".join(sys.argv[1:])}))["answer"])
