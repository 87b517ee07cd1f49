"""What the bots beside it do in the same words, whatever their library; the rest is in the file of each."""


def player(ui, make_modal):
    """Return a class of views; `ui` is the library's, and so is the modal that the third button opens."""

    class Player(ui.View):
        @ui.button(label="Skip")
        async def skip(self, button, interaction):
            await interaction.response.send_message("skipped")

        @ui.button(label="Crash")
        async def crash(self, button, interaction):
            raise ZeroDivisionError

        @ui.button(label="Feedback")
        async def feedback(self, button, interaction):
            await interaction.response.send_modal(make_modal())

    return Player


def add_commands(bot, check, make_view):
    """Add all commands but `play`, which has an option; `check` is the library's for slash commands."""

    @bot.slash_command()
    async def fail(interaction):
        raise KeyError("what the user typed")

    @bot.slash_command()
    @check(lambda interaction: False)
    async def closed(interaction):
        """Never called."""

    @bot.command()
    async def ping(ctx):
        await ctx.send("pong")

    @bot.command()
    async def boom(ctx):
        raise ZeroDivisionError

    @bot.command()
    async def stale(ctx):
        view = make_view()
        await ctx.send("gone", view=view)
        view.stop()
