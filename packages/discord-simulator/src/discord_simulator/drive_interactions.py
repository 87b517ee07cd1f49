"""Users who use commands, press buttons, choose, and fill in forms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from discord_simulator import payloads
from discord_simulator.commands import CommandType
from discord_simulator.crossing import on_own_loop
from discord_simulator.errors import SimulatorError
from discord_simulator.forms import FieldValue, submission
from discord_simulator.handles import InteractionHandle, MessageHandle
from discord_simulator.messages import Component, ComponentType, Message
from discord_simulator.options import OptionType, OptionValue, Resolver, fill
from discord_simulator.places import ChannelLike, Driving, GuildLike, MessageLike, Place, UserLike
from discord_simulator.world import Member, User

if TYPE_CHECKING:
    from discord_simulator.ledger import InteractionKind
    from discord_simulator.payloads import Payload

__all__ = ["InteractionDriving"]

_KINDS: dict[InteractionKind, int] = {"application_command": 2, "component": 3, "autocomplete": 4, "modal_submit": 5}
_GUILD_CONTEXT, _DM_CONTEXT = 0, 1


class InteractionDriving(Driving):
    """The interactions users can start. Each method returns as soon as the bot has been told."""

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
        name: :class:`str`
            Its full name: ``play``, ``playlist add``.
        options: Optional[Mapping[:class:`str`, Any]]
            Values by option name: text, numbers, booleans; users, members, channels and roles or their ids.
        guild, channel, user
            Where and who; see :class:`Driving`.
        command_id: Optional[:class:`int`]
            Send it under this id although the bot has synced no such command.

        Raises
        ------
        SimulatorError
            The bot has synced commands, but none of this name.
        ValueError
            An option is unknown, missing or of the wrong type.
        NotConnectedError
            The bot is not connected.
        """
        place = self.place(guild, channel, user)
        data = self._slash_data(name, options or {}, place, command_id)
        return await self._start("application_command", name, data, place)

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
        """Type into an option which has autocomplete; ``await handle.choices()`` is what the bot offers.

        Parameters
        ----------
        name: :class:`str`
            The command's full name.
        option: :class:`str`
            The option being typed in.
        value: :class:`str`
            What has been typed so far.
        options: Optional[Mapping[:class:`str`, Any]]
            The other options, filled in before.
        guild, channel, user, command_id
            As for :meth:`slash`.

        Raises
        ------
        SimulatorError, ValueError, NotConnectedError
            As for :meth:`slash`.
        """
        place = self.place(guild, channel, user)
        data = self._slash_data(name, {**(options or {}), option: value}, place, command_id, focused=option)
        return await self._start("autocomplete", name, data, place)

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
        kind: :class:`str`
            ``user`` or ``message``.
        name: :class:`str`
            The command's name.
        target: Union[User, Member, Message, MessageHandle, :class:`int`]
            Whom or what it is chosen for.
        guild, channel, user, command_id
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
            place = self.place(channel=int(message["channel_id"]), user=user)
            resolver = Resolver(self.core.world, place.guild)
            target_id = resolver.message(message)
        else:
            if isinstance(target, (Message, MessageHandle)):
                raise ValueError(f"{target!r} has no user menu")
            place = self.place(guild, channel, user)
            resolver = Resolver(self.core.world, place.guild)
            target_id = resolver.user(self.user(target).id)
        number = CommandType.USER if kind == "user" else CommandType.MESSAGE
        data = self._menu_data(number, name, target_id, resolver, place, command_id)
        return await self._start("application_command", name, data, place)

    @on_own_loop
    async def click(self, message: MessageLike, button: str, *, user: UserLike | None = None) -> InteractionHandle:
        """Press a button on a message.

        Parameters
        ----------
        message: Union[Message, :class:`int`]
            The message, or its id.
        button: :class:`str`
            The button's ``custom_id``, or its label.
        user: Optional[Union[User, Member, :class:`int`]]
            Who presses it.

        Raises
        ------
        UnknownComponentError
            There is no such message, or no such component on it.
        ValueError
            It is not a button.
        NotConnectedError
            The bot is not connected.
        """
        component = self.core.messages.component(_message_id(message), button)
        if component.type != ComponentType.BUTTON:
            raise ValueError(f"{button!r} is no button but a component of type {component.type}; see select()")
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
        message: Union[Message, :class:`int`]
            The message, or its id.
        menu: :class:`str`
            The menu's ``custom_id``, or its placeholder.
        values: Sequence[Union[:class:`str`, :class:`int`]]
            The values chosen; ids where the menu offers users, roles or channels.
        user: Optional[Union[User, Member, :class:`int`]]
            Who chooses.

        Raises
        ------
        UnknownComponentError
            There is no such message, or no such component on it.
        ValueError
            It is not a select menu, or does not offer such a value.
        NotConnectedError
            The bot is not connected.
        """
        component = self.core.messages.component(_message_id(message), menu)
        place = self.place(channel=int(self.posted(message)["channel_id"]), user=user)
        resolver = Resolver(self.core.world, place.guild)
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
        """Wait for the modal that answers an interaction, fill it in, and send it off as the same user.

        Parameters
        ----------
        opened_by: InteractionHandle
            The command or component which the bot answers with a modal.
        values: Optional[Mapping[:class:`str`, Union[:class:`str`, :class:`bool`, Sequence[:class:`str`]]]]
            What to fill in, by ``custom_id`` or label: text, a truth value for a checkbox, a sequence for a select.
            A field left out is left as the bot prefilled it.
        timeout: :class:`float`
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
            await interaction.request.noticed()
        place = self.place(channel=interaction.channel, user=interaction.user)
        data: Payload = {
            "custom_id": modal["custom_id"],
            "components": submission(modal, values or {}),
        }
        return await self._start("modal_submit", str(modal["custom_id"]), data, place, interaction.source)

    def _slash_data(
        self,
        name: str,
        given: Mapping[str, OptionValue],
        place: Place,
        command_id: int | None,
        *,
        focused: str | None = None,
    ) -> Payload:
        if not name.strip():
            raise ValueError("a command needs a name")
        resolver = Resolver(self.core.world, place.guild)
        found = self.core.commands.find(name, place.guild_id)
        if found is not None:
            options = fill(found.options, given, resolver, focused=focused)
            path, command = found.path, found.command
        else:
            command = self._unsynced(name.split()[0], CommandType.SLASH, name, place, command_id)
            options = fill(None, given, resolver, focused=focused)
            words = name.split()[1:]
            depths = [OptionType.GROUP] * (len(words) - 1) + [OptionType.SUBCOMMAND]
            path = tuple(zip(depths, words, strict=False))
        for kind, below in reversed(path):
            options = [{"name": below, "type": kind, "options": options}]
        return _identified(command, command_id) | {"options": options} | resolver.resolved

    def _menu_data(
        self, kind: int, name: str, target_id: str, resolver: Resolver, place: Place, command_id: int | None
    ) -> Payload:
        found = self.core.commands.find(name, place.guild_id, kind)
        command = self._unsynced(name, kind, name, place, command_id) if found is None else found.command
        return _identified(command, command_id) | {"target_id": target_id} | resolver.resolved

    def _unsynced(self, top: str, kind: int, name: str, place: Place, command_id: int | None) -> Payload:
        names = self.core.commands.names(place.guild_id, kind)
        if names and command_id is None:
            raise SimulatorError(
                f"the bot has synced no command {name!r}, but: {', '.join(sorted(names))}; "
                "pass command_id= to send it all the same"
            )
        return {"id": str(self.core.snowflakes.next()), "name": top, "type": kind}

    async def _use(
        self, message: MessageLike, component: Component, chosen: Payload, user: UserLike | None
    ) -> InteractionHandle:
        await self.core.messages.noticed(_message_id(message))
        source = self.posted(message)
        place = self.place(channel=int(source["channel_id"]), user=user)
        data: Payload = {"custom_id": component.custom_id, "component_type": component.type, "id": 1, **chosen}
        return await self._start("component", component.custom_id, data, place, source)

    async def _start(
        self, kind: InteractionKind, name: str, data: Payload, place: Place, source: Payload | None = None
    ) -> InteractionHandle:
        session = self.core.gateway.session_for(place.guild_id)
        interaction = self.core.interactions.start(
            kind, name, shard_id=session.shard_id, channel=place.channel, user=place.user, source=source
        )
        entry = interaction.entry
        payload: Payload = {
            "id": str(entry.id),
            "application_id": str(self.core.world.application_id),
            "type": _KINDS[kind],
            "token": interaction.token,
            "version": 1,
            "data": data,
            **_context(place),
        }
        if source is not None:
            payload["message"] = source
        entry.sent_at, entry.sent = self.core.clock(), time.perf_counter()
        if not await session.dispatch("INTERACTION_CREATE", payload):
            entry.sent_at = entry.sent = None
        return InteractionHandle(self.core, interaction, self.loop)


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


def _context(place: Place) -> Payload:
    context: Payload = {
        "channel": payloads.channel(place.channel) | {"permissions": payloads.ALL_PERMISSIONS},
        "channel_id": str(place.channel.id),
        "locale": "en-US",
        "app_permissions": payloads.ALL_PERMISSIONS,
        "entitlements": [],
        "attachment_size_limit": 10 * 1024 * 1024,
        **place.who(permissions=True),
    }
    if place.guild is None:
        return context | {"context": _DM_CONTEXT, "authorizing_integration_owners": {"1": str(place.user.id)}}
    guild_id = str(place.guild.id)
    return context | {
        "context": _GUILD_CONTEXT,
        "authorizing_integration_owners": {"0": guild_id},
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
        raise ValueError(f"{component['custom_id']!r} is no select menu but a component of type {kind}; see click()")
    return [resolve(int(value)) for value in values]
