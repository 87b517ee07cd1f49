"""The comparison tells what differs, on either side."""

from __future__ import annotations

from argus_otel.demo.agreement import compare
from argus_otel.scrape.exposition import parse
from discord_simulator import Ledger, RestEntry

EXPOSITION = """\
# TYPE discord_gateway_events_total counter
discord_gateway_events_total{discord_event_type="READY"} 1.0
discord_gateway_events_total{discord_event_type="TYPING_START"} 4.0
# TYPE http_client_request_duration_seconds histogram
http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",server_address="127.0.0.1",url_template="/users/@me",le="0.1"} 1.0
http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",server_address="127.0.0.1",url_template="/users/@me",le="+Inf"} 1.0
http_client_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",server_address="127.0.0.1",url_template="/users/@me"} 1.0
http_client_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="200",server_address="127.0.0.1",url_template="/users/@me"} 0.01
"""  # noqa: E501


def ledger() -> Ledger:
    ledger = Ledger()
    ledger.record_event(0, "READY")
    for _ in range(5):
        ledger.record_event(0, "TYPING_START")
    ledger.record_rest(RestEntry("GET", "/users/@me", "/users/@me", 200, 0.0, 0.01))
    ledger.record_rest(RestEntry("GET", "/users/@me", "/users/@me", 0, 0.0, 0.01))  # reset: nobody answered
    return ledger


def test_what_agrees_and_what_differs() -> None:
    rows = {(row.subject, row.thing): row for row in compare(ledger(), parse(EXPOSITION))}
    assert rows["gateway events", "READY"].agrees
    typing = rows["gateway events", "TYPING_START"]
    assert (typing.ledger, typing.metrics, typing.agrees) == (5, 4, False)
    assert rows["REST responses", "GET /users/@me 200"].agrees
    assert len(rows) == 3


def test_what_only_one_side_has_differs() -> None:
    assert not any(row.agrees for row in compare(Ledger(), parse(EXPOSITION)))
    assert not any(row.agrees for row in compare(ledger(), parse("")))


def test_prefix_commands_are_compared_where_their_number_is_known() -> None:
    (row,) = compare(Ledger(), parse(""), prefix_commands=2)
    assert (row.ledger, row.metrics) == (2, 0)
