"""The commands of ``argus-otel training``. This file describes them, and imports none."""

from __future__ import annotations

from argus_otel.terminal.commands import Command

_RUN = " RUN is the id of a run, or its first letters."


def _query(name: str, summary: str, description: str, *examples: str, missing: str = "") -> tuple[str, Command]:
    ends = f" Exit code 0; 1: the store cannot be read{missing}; 2: the command was used in a wrong way."
    words = tuple(f"training {name} {example}".rstrip() for example in examples)
    return name, Command(f"{__name__}.{name}", summary, description + ends, words)


_NO_RUN = ", or there is no such run"
_NO_VALUES = ", or there is no such run or value"

COMMANDS: dict[str, Command] = dict(
    (
        _query(
            "list",
            "list runs, the latest first",
            "Lists training runs with state, duration, steps, and one of their values: the last and the best. States "
            "are running; ok, stopped, guarded, interrupted and error, as they ended; lost, if the process ended "
            "without recording an end; silent, if history has neither an end nor a sign of life for --silent-after. "
            "Runs of this host are shown without history too, and then hung is a state: the process lives and makes "
            "no progress. What is found lost is recorded in history. JSON and CSV have the whole id, host, model "
            "and more.",
            "",
            "--state running",
            "--group sweep-7 --metric val_loss --since 7d",
            "--state error --format json",
        ),
        _query(
            "show",
            "show all that is known of a run",
            "Shows a run: its attempts, each value that it logged with the last, the least and the greatest, its "
            "checkpoints, and what it was given, without secrets." + _RUN,
            "5f0c7c52",
            "5f0c7c52 --format json",
            missing=_NO_RUN,
        ),
        _query(
            "curves",
            "draw what a run has logged",
            "Draws the values of a run in the terminal, a drawing for each METRIC and a curve for each phase; without "
            "METRIC, its loss. A band goes from the least to the greatest value of each part. Values that are NaN or "
            "infinite are gaps, marked below and counted. At a step that was trained again after a resume, the later "
            "attempt counts. --picture writes a file, SVG or PNG. JSON and "
            "CSV have the numbers." + _RUN,
            "5f0c7c52",
            "5f0c7c52 loss lr --by epoch",
            "5f0c7c52 loss --log --picture loss.svg",
            "5f0c7c52 loss --points 100000 --format csv > loss.csv",
            missing=_NO_VALUES,
        ),
        _query(
            "compare",
            "draw one value of several runs",
            "Draws one value of several runs into one drawing, and lists the runs." + _RUN,
            "5f0c7c52 8d1e44aa --metric loss",
            "5f0c7c52 8d1e44aa 03b1c9d2 --metric val_loss --phase validation --picture runs.png",
            missing=_NO_VALUES,
        ),
        _query(
            "best",
            "list runs by the best value of a metric",
            "Lists runs by the best finite value that they logged under a name. The greatest is the best of names with "
            "words such as accuracy, f1, auc or reward, else the least; --minimise and --maximise say otherwise. Of "
            "runs that logged it in validations, those values count. JSON and CSV have the configurations.",
            "val_loss --group sweep-7",
            "reward --maximise --limit 5",
        ),
        _query(
            "lost",
            "list runs whose process ended without recording an end",
            "Lists runs whose process ended without an end of the run, such as by SIGKILL (lost), and those of which "
            "history has neither an end nor a sign of life for --silent-after (silent); of this host, without history "
            "too, those that hang. What is found lost on this host is recorded in history.",
            "",
            "--silent-after 2h",
        ),
        (
            "stop",
            Command(
                f"{__name__}.stop",
                "stop a run of this host",
                "Asks a run to stop, as its framework stops: Keras, Lightning and transformers end with the batch that "
                "runs now, keep what they save at an end, and return from fit() or train(); a loop of the program's "
                "own ends where it looks at run.should_stop. The outcome of the run is stopped. Lightning goes on "
                "until min_epochs and min_steps. Several processes that train together end at the same step, where "
                "values are logged. The answer is there in about a second; a run that hangs gives none in ten, and "
                "then the command is taken back. --now sends SIGTERM to the run's process group, and SIGKILL after "
                "--grace, only if the process is still the one that began the run. Runs are those of ARGUS_CONTROL, "
                "which belongs to one user; with --store, those of another host, whose agent is asked."
                + _RUN
                + " Exit code 0: it has ended (done), or ends soon (accepted); 1: "
                "it is not stopped, or there is no such run; 2: the command was used in a wrong way.",
                (
                    "training stop 5f0c7c52",
                    "training stop 5f0c7c52 --now --grace 120",
                    "training stop 5f0c7c52 --store -",
                    "training stop 5f0c7c52 --store - --host gpu-7 --key-file agent.key",
                ),
            ),
        ),
        (
            "rerun",
            Command(
                f"{__name__}.rerun",
                "start the program of a run again, as its next attempt",
                "Starts the program of a run that has ended or is lost again: its arguments in its directory, with the "
                "environment of this command, as a process of its own. ARGUS_TRAINING_RUN has it go on as the next "
                "attempt of the same run; whether it goes on from a checkpoint is the program's choice. What it prints "
                "is in a file of the control directory. What a launcher such as torchrun has started is not started "
                "again. With --store, the agent of another host is asked: to start a run again, where its file allows "
                "that, or a recipe of that file." + _RUN + " Exit code 0: the attempt has begun (done), or its program "
                "runs (accepted); 1: "
                "it is not started, or there is no such run; 2: the command was used in a wrong way.",
                (
                    "training rerun 5f0c7c52",
                    "training rerun --recipe baseline --argument lr=0.1 --host gpu-7 --store -",
                ),
            ),
        ),
        (
            "agent",
            Command(
                f"{__name__}.agent",
                "stop and start runs of this host that people elsewhere ask for",
                "Runs an agent: it asks a ClickHouse server each few seconds for commands of `stop --store` and "
                "`rerun --store`, and acts on those that its file allows, each once. The file says who may ask, and "
                "which programs may be started with which arguments; nothing else can be. One agent runs for each "
                "host and user. Exit code 0; 1: with --check, the control directory "
                "or the store cannot be used; 2: the file is wrong.",
                ("training agent --check", "training agent --config /etc/argus-otel/agent.toml"),
            ),
        ),
        (
            "agents",
            Command(
                f"{__name__}.agents",
                "list agents, and when each was heard last",
                "Lists the agents of the last seven days, with how long ago each was heard (they are each 30 seconds), "
                "how many runs go on there, whether they act on signed commands only, and their recipes. Exit code 0; "
                "1: the store cannot be read; 2: the command was used in a wrong way.",
                ("training agents", "training agents --format json"),
            ),
        ),
        (
            "import",
            Command(
                f"{__name__}.importing",
                "bring logs of TensorBoard or MLflow into history",
                "Reads the scalars of a directory of TensorBoard's event files, or the runs of MLflow's file store or "
                "SQLite database, and writes them into history: needs neither of them installed. A run's id follows "
                "from its path, or is that of MLflow: what is imported again is stored once. Exit code 0; 1: the store "
                "failed, or a part of a log cannot be read; 2: the command was used in a wrong way, or there is no "
                "such log.",
                (
                    "training import tensorboard runs/",
                    "training import mlflow mlruns/",
                    "training import mlflow mlflow.db --store chdb:argus-history",
                ),
            ),
        ),
    )
)
