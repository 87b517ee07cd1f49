"""The demo of agent graphs: a model service on loopback, and a support agent of LangGraph that asks it."""
