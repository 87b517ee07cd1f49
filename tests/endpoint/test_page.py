"""The page at `/`, parsed as browsers do. ``test_page_in_a_browser.py`` opens it in one."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
import xml.etree.ElementTree as ET

import html5lib
import pytest

from argus_otel.endpoint.page.periods import ago, lasting
from argus_otel.endpoint.page.style import STYLE
from argus_otel.panels import Cell, Content, Fact, Facts, Panel, Table, Tone, View, columns
from argus_otel.sources.discord import catalogue
from argus_otel.sources.discord.panels import PANELS as BOT
from argus_otel.sources.discord.spans import COMMAND_SPAN
from argus_otel.sources.process.panels import PANELS as PROCESS
from argus_otel.telemetry import Check, State, Telemetry

from .conftest import Serve, Served

SVG = "{http://www.w3.org/2000/svg}svg"
HOSTILE = "<script>alert(1)</script>\"&'><img src=x onerror=alert(1)>\u202e\x00"

ENDED = COMMAND_SPAN.exception


def parsed(text: str) -> ET.Element:
    """The page as a browser has it. A mistake in the HTML fails the test."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    return parser.parse(text)


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join(" ".join(element.itertext()).split())


def rows(page: ET.Element, section: str) -> list[list[str]]:
    (found,) = (one for one in page.iter("section") if words(one.find("h2")).startswith(section))
    return [[words(cell) for cell in row] for row in found.iter("tr")]


def live(telemetry: Telemetry) -> None:
    telemetry.gauge(catalogue.SHARD_UP, lambda: [({"discord.shard.id": 0}, 1), ({"discord.shard.id": 1}, 0)])
    telemetry.gauge(catalogue.LATENCY, lambda: [({"discord.shard.id": 0}, 0.042)])
    telemetry.gauge(catalogue.GUILDS, lambda: [({}, 1234)])
    telemetry.gauge(catalogue.GUILD_MEMBERS, lambda: [({}, 56789)])
    telemetry.counter(catalogue.GATEWAY_EVENTS)["MESSAGE_CREATE"].value += 100
    play = telemetry.histogram(catalogue.COMMAND_DURATION)
    for _ in range(90):
        play["play", "slash", "ok", None].record(0.02)
    for _ in range(10):
        play["play", "slash", "error", "LookupError"].record(2.0)
    for _ in range(20):
        telemetry.histogram(catalogue.RESPONSE_TIME)["application_command", "play"].record(0.2)
    telemetry.counter(catalogue.UNACKNOWLEDGED)["application_command", "play"].value += 2
    telemetry.histogram(catalogue.REST_DURATION)["POST", "/channels/{channel_id}/messages", None].record(0.1)
    telemetry.histogram(catalogue.HTTP_DURATION)[
        "POST", "/channels/{channel_id}/messages", 200, "discord.com", None
    ].record(0.1)


@pytest.fixture
def served(serve: Serve) -> Served:
    telemetry = Telemetry()
    telemetry.started -= 10_000.0  # it has been running for a while
    telemetry.health.add_readiness(lambda: [Check("shard 0", ready=True), Check("shard 1", ready=False, detail="gone")])

    def status() -> dict[str, object]:
        return {"version": "0.1.0", "service": "jukebox", **telemetry.health.describe(), "faults": {}}

    return serve(telemetry=telemetry, status=status, panels=lambda: (BOT, PROCESS))


class TestContent:
    def test_what_is_told(self, served: Served) -> None:
        live(served.telemetry)
        served.telemetry.health.report("exporter:traces otlp_proto_grpc", State.OK)
        served.telemetry.health.report("exporter:metrics prometheus", State.FAILED, "no such host")
        page = parsed(served.ask("/").text)
        assert words(page.find("head/title")) == "jukebox: not ready"
        text = words(page.find("body"))
        assert "shard 1: gone" in text
        assert "Since the start 2 h 46 min ago" in text
        tiles = {words(tile.find("dt")): words(tile.find("dd")) for tile in page.findall(".//dl[1]/div")}
        assert tiles["shards up slowest 42 ms"] == "1 of 2"
        assert tiles["acknowledged within (p95) Discord gives up after 3 s"] == "243 ms"
        assert tiles["not acknowledged the user saw the interaction fail"] == "2"
        assert tiles["commands failed of 100"] == "10"
        assert ["shard 1", "down", "-", "0/s"] in rows(page, "Gateway")
        assert ["play", "slash", "0.6/min", "100", "18 ms", "1.75 s", "0", "10"] in rows(page, "Commands")
        assert rows(page, "REST")[1][:2] == ["POST /channels/{channel_id}/messages", "0.4/h"]
        assert "none since the start" in text
        assert "Exported: traces otlp_proto_grpc." in text
        assert "exporter:metrics prometheus failed: no such host" in text

    def test_why_acknowledgements_were_late(self, served: Served) -> None:
        live(served.telemetry)
        late = served.telemetry.counter(catalogue.LATE)
        late["blocked_loop", "application_command"].value += 1
        late["blocked_loop", "component"].value += 1
        late["slow_handler", "component"].value += 1
        page = parsed(served.ask("/").text)
        tiles = {words(tile.find("dt")): words(tile.find("dd")) for tile in page.findall(".//dl[1]/div")}
        assert tiles["not acknowledged most often: blocked loop"] == "2"
        shown = [row for row in rows(page, "Interactions") if row[0].startswith("late")]
        assert shown == [["late: blocked loop", "0.7/h", "2"], ["late: slow handler", "0.4/h", "1"]]

    def test_before_anything_has_started(self, serve: Serve) -> None:
        page = parsed(serve(panels=lambda: (BOT, PROCESS)).ask("/").text)
        text = words(page.find("body"))
        assert "nothing observed yet" in text
        assert not list(page.iter("table"))

    def test_without_any_source(self, serve: Serve) -> None:
        assert serve().ask("/").status == 200

    def test_errors_have_no_message(self, served: Served) -> None:
        def play() -> None:
            raise LookupError("a user's words")

        for _ in range(3):
            with pytest.raises(LookupError) as raised:
                play()
            served.telemetry.exception_reports.report(ENDED, raised.value, {}, None)
        page = parsed(served.ask("/").text)
        (_, row) = rows(page, "Last errors")
        assert row[0] == "LookupError"
        assert re.fullmatch(r"tests\.endpoint\.test_page\.\S*play", row[1])
        assert row[2:] == ["3", "just now"]
        assert "a user's words" not in served.ask("/").text

    def test_the_last_minutes(self, served: Served) -> None:
        telemetry = served.telemetry
        commands = telemetry.histogram(catalogue.COMMAND_DURATION)
        commands["play", "slash", "ok", None].record(0.02)
        snapshots = served.endpoint.routes.page._snapshots
        now = time.monotonic()
        snapshots.take(now - 400)
        for age in (340, 280, 220):
            commands["play", "slash", "ok", None].record(0.02)
            snapshots.take(now - age)
        page = parsed(served.ask("/?last=5m").text)
        assert "Last 5 min 4" in words(page.find("body/header"))
        (row,) = rows(page, "Commands")[1:]
        assert row[2:4] == ["0.4/min", "4"]  # two of the last minutes, four since the start
        assert page.find(f".//td/{SVG}") is not None
        assert "Last 6 min 4" in served.ask("/?last=1h").text
        assert "Since the start" in served.ask("/?last=start").text

    def test_a_loop_that_is_blocked(self, served: Served, loop: asyncio.AbstractEventLoop) -> None:
        served.telemetry._loops.register(loop)
        free = threading.Event()
        loop.call_soon_threadsafe(free.wait)
        text = served.ask("/").text
        free.set()
        assert "event loop blocked" in text

    def test_a_panel_that_cannot_be_drawn_costs_no_other(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        def fail(_: View) -> Content:
            raise LookupError("a wire came loose")

        def drawn(_: View) -> Content:
            return (Facts((Fact("songs", Cell("7")),)),)

        telemetry = Telemetry()
        telemetry.gauge(catalogue.GUILDS, lambda: [({}, 1)])
        panels = (
            Panel("broken", (catalogue.GUILDS,), fail, lines=1),
            Panel("whole", (catalogue.GUILDS,), drawn, lines=1),
        )
        text = serve(telemetry=telemetry, panels=lambda: (panels,)).ask("/").text
        assert "cannot be drawn: see /status" in text
        assert "songs" in text
        assert telemetry.guard.faults == {"page: broken": "LookupError: a wire came loose"}


class TestSafety:
    def test_what_the_program_names_is_text(self, serve: Serve) -> None:
        telemetry = Telemetry()
        telemetry.redact.add_secret("s3cret")
        telemetry.gauge(catalogue.GUILDS, lambda: [({}, 1)])
        telemetry.health.add_readiness(lambda: [Check(HOSTILE, ready=False, detail=HOSTILE)])
        telemetry.health.report("exporter:x", State.FAILED, HOSTILE + "s3cret")
        telemetry.exception_reports.report(ENDED, type(HOSTILE.replace("\x00", ""), (Exception,), {})(), {}, None)
        telemetry.histogram(catalogue.COMMAND_DURATION)[HOSTILE, "slash", "ok", None].record(1.0)

        def draw(_: View) -> Content:
            rows = [(Cell(HOSTILE), Cell("s3cret", Tone.BAD))]
            return Table(columns((HOSTILE,), ("n",)), rows, HOSTILE), Facts((Fact(HOSTILE, Cell(HOSTILE), HOSTILE),))

        hostile = Panel(HOSTILE, (catalogue.GUILDS,), draw, lines=1, summary=lambda _: HOSTILE)
        reply = serve(
            telemetry=telemetry,
            panels=lambda: ((hostile,), BOT),
            status=lambda: {"service": HOSTILE, "version": HOSTILE, **telemetry.health.describe()},
        ).ask("/")
        page = parsed(reply.text)
        tags = {element.tag for element in page.iter() if isinstance(element.tag, str)}
        assert not tags & {"script", "img"}
        names = {name for element in page.iter() for name in element.attrib}
        assert not [name for name in names if name.startswith("on")]
        assert "s3cret" not in reply.text
        assert "\u202e" not in reply.text
        assert "\x00" not in reply.text
        assert "<script>alert(1)</script>" in words(page.find("body"))

    @pytest.mark.parametrize("query", ["last=<script>", "last=1h&last=x", "refresh=%3Cb%3E", "x=" + "y" * 5000, "%ff"])
    def test_the_query_is_not_repeated(self, served: Served, query: str) -> None:
        reply = served.ask(f"/?{query.replace('<', '%3C').replace('>', '%3E')}")
        assert reply.status == 200
        assert "script" not in reply.text
        assert "yyy" not in reply.text

    def test_nothing_but_its_own_style_is_allowed(self, served: Served) -> None:
        import base64
        import hashlib

        reply = served.ask("/")
        (policy,) = reply.headers.get_all("Content-Security-Policy") or []
        style = parsed(reply.text).find("head/style")
        assert style is not None
        assert style.text == STYLE
        digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        live(served.telemetry)
        page = parsed(served.ask("/").text)
        attributes = {name for element in page.iter() for name in element.attrib}
        assert not attributes & {"style", "src", "srcset", "action", "background", "xlink:href"}
        assert all(not re.match(r"[a-z]+:|//", link.attrib["href"]) for link in page.iter("a"))
        assert not list(page.iter("link"))

    def test_other_responses_allow_nothing(self, served: Served) -> None:
        assert served.ask("/status").headers.get_all("Content-Security-Policy") == ["default-src 'none'"]

    def test_no_id_is_shown(self, served: Served) -> None:
        live(served.telemetry)
        assert not re.search(r"\d{17,}", served.ask("/").text)


class TestForPeople:
    def test_it_is_loaded_again_unless_that_is_turned_off(self, served: Served) -> None:
        page = parsed(served.ask("/").text)
        (refresh,) = (meta for meta in page.iter("meta") if meta.get("http-equiv") == "refresh")
        assert refresh.get("content") == "30"
        links = {words(link): link.attrib["href"] for link in page.iter("a")}
        assert links["stop refreshing"] == "?last=1h&refresh=off"
        still = parsed(served.ask("/?refresh=off").text)
        assert not [meta for meta in still.iter("meta") if meta.get("http-equiv")]
        assert {words(link): link.attrib["href"] for link in still.iter("a")}["5 min"] == "?last=5m&refresh=off"

    def test_landmarks_headings_and_tables(self, served: Served) -> None:
        live(served.telemetry)
        page = parsed(served.ask("/").text)
        assert page.attrib["lang"] == "en"
        assert [element.tag for element in page.find("body") or ()] == ["header", "main", "footer"]
        assert len(list(page.iter("h1"))) == 1
        for table in page.iter("table"):
            heads = table.findall("thead/tr/th")
            assert all(head.get("scope") == "col" for head in heads)
            for row in table.findall("tbody/tr"):
                assert len(row) == len(heads)
                assert row[0].get("scope") == "row"
        assert all(region.get("aria-label") for region in page.iter("div") if region.get("role") == "region")
        assert all(drawing.get("aria-hidden") == "true" for drawing in page.iter(SVG))

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_colours_have_contrast(self, scheme: str) -> None:
        """WCAG 2.2, 1.4.3: 4.5 to 1."""
        light, dark = re.findall(r":root\{([^}]*)\}", STYLE)
        colours = dict(re.findall(r"--(\w+):(#\w{3,6})\b", light))
        if scheme == "dark":
            colours |= dict(re.findall(r"--(\w+):(#\w{3,6})\b", dark))
        for text in ("text", "quiet", "good", "caution", "bad", "link"):
            for ground in ("back", "card"):
                assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0, "0 s"), (40, "40 s"), (100, "1 min 40 s"), (300, "5 min"), (3720, "1 h 2 min"), (90000, "1 d 1 h")],
    )
    def test_periods(self, seconds: float, text: str) -> None:
        assert lasting(seconds) == text
        assert ago(seconds) == ("just now" if seconds < 5 else f"{text} ago")


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class TestToken:
    def test_a_browser_enters_it_as_a_password(self, serve: Serve) -> None:
        import base64

        token = "fünf-geheime-Dinge"
        served = serve(endpoint_token=token)
        refused = served.ask("/")
        assert refused.status == 401
        assert "jukebox" not in refused.text
        assert refused.headers["WWW-Authenticate"] == 'Bearer, Basic realm="argus-otel", charset="UTF-8"'
        right = base64.b64encode(f"me:{token}".encode()).decode()
        for path in ("/", "/metrics", "/status"):
            assert served.ask(path, Authorization=f"Basic {right}").status == 200
        for wrong in (b"me:wrong", token.encode(), b":", b""):
            offered = base64.b64encode(wrong).decode()
            assert served.ask("/", Authorization=f"Basic {offered}").status == 401
        assert served.ask("/", Authorization="Basic %%%").status == 401


def test_a_snapshot_is_taken_on_the_endpoints_thread(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("argus_otel.endpoint.endpoint._PAGE_FROM", 0.0)
    ticks: list[str] = []
    ticked = threading.Event()

    def tick(_: object) -> None:
        ticks.append(threading.current_thread().name)
        ticked.set()

    monkeypatch.setattr("argus_otel.endpoint.page.Page.tick", tick)
    serve()
    assert ticked.wait(10)
    assert ticks[0] == "argus-otel endpoint"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
