"""Interactions that are posted to a URL of the bot's, signed, as Discord does."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from aiohttp import ClientSession, web

from discord_simulator import Simulator, SimulatorError

signing = pytest.importorskip("nacl.signing", reason="pip install pynacl")
BadSignatureError = pytest.importorskip("nacl.exceptions").BadSignatureError


class Endpoint:
    """A web server that receives interactions, with no bot behind it."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self.received: list[dict] = []
        self.answer: object = {"type": 4, "data": {"content": "at once"}}
        self.delay = 0.0
        self.checks = True
        self.pong: object = {"type": 1}

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        key = signing.VerifyKey(bytes.fromhex(self._sim.state.http_delivery.verify_key))
        signature = bytes.fromhex(request.headers["X-Signature-Ed25519"])
        try:
            key.verify(request.headers["X-Signature-Timestamp"].encode() + body, signature)
        except BadSignatureError:
            if self.checks:
                return web.Response(status=401)
        data = json.loads(body)
        if data["type"] == 1:
            return web.json_response(self.pong)
        self.received.append(data)
        await asyncio.sleep(self.delay)
        return web.Response(status=202) if self.answer is None else web.json_response(self.answer)

    @contextlib.asynccontextmanager
    async def serve(self):
        app = web.Application()
        app.add_routes([web.post("/", self.handle)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
        await runner.cleanup()


def run(scenario) -> None:
    async def main() -> None:
        async with Simulator() as sim:
            endpoint = Endpoint(sim)
            async with endpoint.serve() as url:
                await scenario(sim, endpoint, url)

    asyncio.run(main())


def test_the_response_is_the_acknowledgement():
    async def scenario(sim, endpoint, url):
        endpoint.delay = 0.1
        await sim.set_interactions_endpoint(url)
        handle = await sim.slash("greet")
        answer = await handle.acknowledged()
        assert (answer.type, answer.content) == (4, "at once")
        await sim.settle()
        (posted,) = endpoint.received
        assert (posted["id"], posted["data"]["name"]) == (str(handle.id), "greet")
        entry = handle.entry
        assert (entry.shard_id, entry.response_status, entry.status) == (-1, 200, 204)
        assert entry.sent + 0.1 <= entry.responded
        assert 0.1 <= answer.after < 3
        await sim.set_interactions_endpoint(None)
        with pytest.raises(SimulatorError):  # by the gateway again, where no bot is
            await sim.slash("greet")

    run(scenario)


def test_a_response_without_a_type_leaves_it_to_the_callback():
    async def scenario(sim, endpoint, url):
        endpoint.answer = None
        await sim.set_interactions_endpoint(url)
        handle = await sim.slash("greet")
        with pytest.raises(TimeoutError):
            await handle.acknowledged(0.3)
        assert handle.entry.response_status == 202

    run(scenario)


def test_a_response_that_is_too_late_is_not_waited_for():
    async def scenario(sim, endpoint, url):
        endpoint.delay = 3.2
        await sim.set_interactions_endpoint(url)
        handle = await sim.slash("greet")
        await sim.settle()
        assert handle.entry.late
        assert handle.entry.response_status == 0

    run(scenario)


def test_an_endpoint_has_to_answer_a_ping_and_to_check_signatures():
    async def scenario(sim, endpoint, url):
        endpoint.checks = False
        with pytest.raises(SimulatorError, match="wrong signature"):
            await sim.set_interactions_endpoint(url)
        endpoint.checks, endpoint.pong = True, {"type": 2}
        with pytest.raises(SimulatorError, match="PING"):
            await sim.set_interactions_endpoint(url)
        with pytest.raises(SimulatorError, match="does not answer"):
            await sim.set_interactions_endpoint("http://127.0.0.1:1/")

    run(scenario)


def test_the_application_names_its_key_and_its_endpoint():
    async def scenario(sim, endpoint, url):
        await sim.set_interactions_endpoint(url)

        headers = {"Authorization": f"Bot {sim.token}"}
        async with ClientSession() as session, session.get(f"{sim.api_url}/applications/@me", headers=headers) as got:
            application = await got.json()
        assert application["interactions_endpoint_url"] == url
        assert application["verify_key"] == sim.state.http_delivery.verify_key != "0" * 64

    run(scenario)
