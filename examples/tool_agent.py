"""An agent with a tool, made with LangChain's `create_agent`: it has no line about argus-otel.

    OPENAI_API_KEY=… OTEL_TRACES_EXPORTER=console argus-otel run examples/tool_agent.py "Where is order 17?"

Each run is a trace. The last spans are those of opentelemetry-instrumentation-httpx, if it is installed:

    invoke_agent clerk
    ├── invoke_node model
    │   └── chat gpt-4o-mini
    │       └── POST
    ├── invoke_node tools
    │   └── execute_tool find_order
    └── invoke_node model
        └── chat gpt-4o-mini
            └── POST
"""

from __future__ import annotations

import sys

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

ORDERS = {"17": "on its way", "18": "packed"}


@tool
def find_order(number: str) -> str:
    """Find an order by its number."""
    return ORDERS.get(number, "unknown")


agent = create_agent(ChatOpenAI(model="gpt-4o-mini"), [find_order], name="clerk")

if __name__ == "__main__":
    done = agent.invoke({"messages": [("user", " ".join(sys.argv[1:]))]})
    print(done["messages"][-1].content)
