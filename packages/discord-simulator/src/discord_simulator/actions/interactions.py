"""Interactions that users start: commands, components and modals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .. import payloads
from ..actors import ActorContext, ActorMixin, ChannelLike, GuildLike, MessageLike, UserLike
from ..api.interactions import respond
from ..commands import CommandType
from ..errors import SimulatorError
from ..forms import FieldValue, submission
from ..handles import InteractionHandle, MessageHandle
from ..loop_affinity import on_own_loop
from ..messages import Component, ComponentType, Message
from ..options import OptionType, OptionValue, Resolver, fill
from ..world import Member, User

if TYPE_CHECKING:
    from ..entries import InteractionKind
    from ..payloads import Payload

_KINDS: dict[InteractionKind, int] = {"application_command": 2, "component": 3, "autocomplete": 4, "modal_submit": 5}
_GUILD_CONTEXT, _DM_CONTEXT = 0, 1


class InteractionActions(ActorMixin):
    """Start interactions. Each method returns as soon as the event has been written to the bot, or is being posted.

    Attributes
    ----------
    interaction_delay:
        Seconds between the creation of an interaction and the moment it is sent. May be set at any time.
    """

    @property
    def interaction_delay(self) -> float:
        """Seconds between the creation of an interaction and the moment it is sent."""
        return self.state.interaction_delay

    @interaction_delay.setter
    def interaction_delay(self, seconds: float) -> None:
        self.state.interaction_delay = seconds

    @on_own_loop
    async def set_interactions_endpoint(self, url: str | None) -> None:
        """Post interactions to ``url`` from now on, as Discord does if the application has an endpoint URL.

        Each request is signed (Ed25519), and the response is an answer if its JSON has a ``type``; the bot may also use
        the callback's route. ``None`` sends interactions over the gateway again.

        Raises
        ------
        SimulatorError
            The URL does not answer a PING, or accepts a wrong signature, or PyNaCl is not installed.
        """
        await self.state.http_delivery.set_url(url)

    @on_own_loop
    async def slash(
        self,
        name: str,
        *,
        options: Mapping[str, OptionValue] | None = None,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
        command_id: int | None = None,
    ) -> InteractionHandle:
        """Use a slash command.

        Parameters
        ----------
        name:
            Its full name: ``play``, ``playlist add``.
        options:
            Values by option name: text, numbers, booleans; users, members, channels and roles or their ids.
        guild, channel, user:
            The actor; see :class:`ActorMixin`.
        command_id:
            Send the command under this id, even if the bot has synced no such command.

        Raises
        ------
        SimulatorError
            The bot has synced commands, but none of this name.
        ValueError
            An option is unknown, missing or of the wrong type.
        NotConnectedError
            The bot is not connected.
        """
        actor = self.actor(guild, channel, user)
        data = self._slash_data(name, options or {}, actor, command_id)
        return await self._start("application_command", name, data, actor)

    @on_own_loop
    async def autocomplete(
        self,
        name: str,
        option: str,
        value: str = "",
        *,
        options: Mapping[str, OptionValue] | None = None,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
        command_id: int | None = None,
    ) -> InteractionHandle:
        """Type into an option with autocomplete; ``await handle.choices()`` returns the bot's choices.

        Parameters
        ----------
        name:
            The command's full name.
        option:
            The option being typed in.
        value:
            The text typed so far.
        options:
            The other options, filled in before.
        guild, channel, user, command_id:
            As for :meth:`slash`.

        Raises
        ------
        SimulatorError, ValueError, NotConnectedError
            As for :meth:`slash`.
        """
        actor = self.actor(guild, channel, user)
        data = self._slash_data(name, {**(options or {}), option: value}, actor, command_id, focused=option)
        return await self._start("autocomplete", name, data, actor)

    @on_own_loop
    async def context_menu(
        self,
        kind: Literal["user", "message"],
        name: str,
        target: UserLike | MessageLike,
        *,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
        command_id: int | None = None,
    ) -> InteractionHandle:
        """Choose a command from the context menu of a user, or of a message in its channel.

        Parameters
        ----------
        kind:
            ``user`` or ``message``.
        name:
            The command's name.
        target:
            The user or message whose menu is opened.
        guild, channel, user, command_id:
            As for :meth:`slash`.

        Raises
        ------
        SimulatorError
            There is no such target, or the bot has synced commands but none of this name.
        ValueError
            The target is of the other kind.
        NotConnectedError
            The bot is not connected.
        """
        if kind == "message":
            if isinstance(target, (User, Member)):
                raise ValueError(f"{target!r} has no message menu")
            message = self.posted(target)
            actor = self.actor(channel=int(message["channel_id"]), user=user)
            resolver = Resolver(self.state.world, actor.guild)
            target_id = resolver.message(message)
        else:
            if isinstance(target, (Message, MessageHandle)):
                raise ValueError(f"{target!r} has no user menu")
            actor = self.actor(guild, channel, user)
            resolver = Resolver(self.state.world, actor.guild)
            target_id = resolver.user(self.user(target).id)
        number = CommandType.USER if kind == "user" else CommandType.MESSAGE
        data = self._menu_data(number, name, target_id, resolver, actor, command_id)
        return await self._start("application_command", name, data, actor)

    @on_own_loop
    async def click(self, message: MessageLike, button: str, *, user: UserLike | None = None) -> InteractionHandle:
        """Press a button on a message.

        Parameters
        ----------
        message:
            The message, or its id.
        button:
            The button's ``custom_id``, or its label.
        user:
            The user who presses it.

        Raises
        ------
        UnknownComponentError
            There is no such message, or no such component on it.
        ValueError
            It is not a button.
        NotConnectedError
            The bot is not connected.
        """
        component = self.state.messages.component(_message_id(message), button)
        if component.type != ComponentType.BUTTON:
            raise ValueError(f"{button!r} is not a button but a component of type {component.type}; see select()")
        return await self._use(message, component, {}, user)

    @on_own_loop
    async def select(
        self,
        message: MessageLike,
        menu: str,
        values: Sequence[str | int],
        *,
        user: UserLike | None = None,
    ) -> InteractionHandle:
        """Choose from a select menu on a message.

        Parameters
        ----------
        message:
            The message, or its id.
        menu:
            The menu's ``custom_id``, or its placeholder.
        values:
            The chosen values; ids if the menu offers users, roles or channels.
        user:
            The user who chooses.

        Raises
        ------
        UnknownComponentError
            There is no such message, or no such component on it.
        ValueError
            It is not a select menu, or does not offer such a value.
        NotConnectedError
            The bot is not connected.
        """
        component = self.state.messages.component(_message_id(message), menu)
        actor = self.actor(channel=int(self.posted(message)["channel_id"]), user=user)
        resolver = Resolver(self.state.world, actor.guild)
        chosen = _chosen(component.type, component.raw, values, resolver)
        return await self._use(message, component, {"values": chosen, **resolver.resolved}, user)

    @on_own_loop
    async def submit_modal(
        self,
        opened_by: InteractionHandle,
        values: Mapping[str, FieldValue] | None = None,
        *,
        timeout: float = 5.0,
    ) -> InteractionHandle:
        """Wait for the modal that answers an interaction, fill it in, and submit it as the same user.

        Parameters
        ----------
        opened_by:
            The command or component that the bot answers with a modal.
        values:
            Values by ``custom_id`` or label: text, a boolean for a checkbox, a sequence for a select.
            Other fields keep the value that the bot prefilled.
        timeout:
            Seconds to wait for the modal.

        Raises
        ------
        TimeoutError
            The bot did not answer in time.
        SimulatorError
            It answered with something else.
        ValueError
            There is no such field.
        NotConnectedError
            The bot is not connected.
        """
        modal = await opened_by.modal(timeout)
        interaction = opened_by.interaction
        if interaction.request is not None:
            await interaction.request.until_users_may_react()
        actor = self.actor(channel=interaction.channel, user=interaction.user)
        data: Payload = {
            "custom_id": modal["custom_id"],
            "components": submission(modal, values or {}),
        }
        return await self._start("modal_submit", str(modal["custom_id"]), data, actor, interaction.source)

    def _slash_data(
        self,
        name: str,
        given: Mapping[str, OptionValue],
        actor: ActorContext,
        command_id: int | None,
        *,
        focused: str | None = None,
    ) -> Payload:
        if not name.strip():
            raise ValueError("a command needs a name")
        resolver = Resolver(self.state.world, actor.guild)
        found = self.state.commands.find(name, actor.guild_id)
        if found is not None:
            options = fill(found.options, given, resolver, focused=focused)
            path, command = found.path, found.command
        else:
            command = self._unsynced(name.split()[0], CommandType.SLASH, name, actor, command_id)
            options = fill(None, given, resolver, focused=focused)
            words = name.split()[1:]
            depths = [OptionType.GROUP] * (len(words) - 1) + [OptionType.SUBCOMMAND]
            path = tuple(zip(depths, words, strict=False))
        for kind, below in reversed(path):
            options = [{"name": below, "type": kind, "options": options}]
        return _identified(command, command_id) | {"options": options} | resolver.resolved

    def _menu_data(
        self, kind: int, name: str, target_id: str, resolver: Resolver, actor: ActorContext, command_id: int | None
    ) -> Payload:
        found = self.state.commands.find(name, actor.guild_id, kind)
        command = self._unsynced(name, kind, name, actor, command_id) if found is None else found.command
        return _identified(command, command_id) | {"target_id": target_id} | resolver.resolved

    def _unsynced(self, top: str, kind: int, name: str, actor: ActorContext, command_id: int | None) -> Payload:
        names = self.state.commands.names(actor.guild_id, kind)
        if names and command_id is None:
            raise SimulatorError(
                f"the bot has synced no command {name!r}, but: {', '.join(sorted(names))}; "
                "pass command_id= to send it anyway"
            )
        return {"id": str(self.state.snowflakes.next()), "name": top, "type": kind}

    async def _use(
        self, message: MessageLike, component: Component, chosen: Payload, user: UserLike | None
    ) -> InteractionHandle:
        await self.state.messages.until_users_may_react(_message_id(message))
        source = self.posted(message)
        actor = self.actor(channel=int(source["channel_id"]), user=user)
        data: Payload = {"custom_id": component.custom_id, "component_type": component.type, "id": 1, **chosen}
        return await self._start("component", component.custom_id, data, actor, source)

    async def _start(
        self, kind: InteractionKind, name: str, data: Payload, actor: ActorContext, source: Payload | None = None
    ) -> InteractionHandle:
        by_http = self.state.http_delivery.url is not None
        session = None if by_http else self.state.gateway.session_for(actor.guild_id)
        shard_id = -1 if session is None else session.shard_id
        interaction = self.state.interactions.start(
            kind, name, shard_id=shard_id, channel=actor.channel, user=actor.user, source=source
        )
        entry = interaction.entry
        payload: Payload = {
            "id": str(entry.id),
            "application_id": str(self.state.world.application_id),
            "type": _KINDS[kind],
            "token": interaction.token,
            "version": 1,
            "data": data,
            **_context(actor, self.state.world.user_installs),
        }
        if source is not None:
            payload["message"] = source
        if self.state.interaction_delay:
            await asyncio.sleep(self.state.interaction_delay)
        entry.sent_at, entry.sent = self.state.clock(), time.perf_counter()
        if session is None:
            self.state.http_delivery.deliver(interaction, payload, partial(respond, self.state, interaction))
        elif not await session.dispatch("INTERACTION_CREATE", payload):
            entry.sent_at = entry.sent = None
        return InteractionHandle(self.state, interaction, self.loop)


def _message_id(message: MessageLike) -> int:
    return message if isinstance(message, int) else message.id


def _identified(command: Payload, command_id: int | None) -> Payload:
    data: Payload = {
        "id": str(command_id) if command_id is not None else command["id"],
        "name": command["name"],
        "type": command["type"],
    }
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _context(actor: ActorContext, user_installs: set[int]) -> Payload:
    owners: Payload = {}
    if actor.guild is not None:
        owners["0"] = str(actor.guild.id)
    elif actor.user.id not in user_installs:
        owners["0"] = "0"  # the bot's direct messages
    if actor.user.id in user_installs:
        owners["1"] = str(actor.user.id)
    context: Payload = {
        "channel": payloads.channel(actor.channel) | {"permissions": payloads.ALL_PERMISSIONS},
        "channel_id": str(actor.channel.id),
        "locale": "en-US",
        "app_permissions": payloads.ALL_PERMISSIONS,
        "entitlements": [],
        "attachment_size_limit": 10 * 1024 * 1024,
        "authorizing_integration_owners": owners,
        **actor.identity(permissions=True),
    }
    if actor.guild is None:
        return context | {"context": _DM_CONTEXT}
    guild_id = str(actor.guild.id)
    return context | {
        "context": _GUILD_CONTEXT,
        "guild_id": guild_id,
        "guild": {"id": guild_id, "locale": "en-US", "features": []},
        "guild_locale": "en-US",
    }


def _chosen(kind: int, component: Payload, values: Sequence[str | int], resolver: Resolver) -> list[str]:
    if kind == ComponentType.STRING_SELECT:
        offered = [str(option["value"]) for option in payloads.as_list(component.get("options"))]
        unknown = [str(value) for value in values if str(value) not in offered]
        if unknown:
            raise ValueError(f"the menu does not offer {', '.join(unknown)}, but: {', '.join(offered)}")
        return [str(value) for value in values]
    resolve: Any = {
        ComponentType.USER_SELECT: resolver.user,
        ComponentType.ROLE_SELECT: resolver.role,
        ComponentType.MENTIONABLE_SELECT: resolver.mentionable,
        ComponentType.CHANNEL_SELECT: resolver.channel,
    }.get(kind)
    if resolve is None:
        raise ValueError(f"{component['custom_id']!r} is not a select menu but a component of type {kind}; see click()")
    return [resolve(int(value)) for value in values]
