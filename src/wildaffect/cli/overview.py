"""Names, summaries and groups of the commands."""

from difflib import get_close_matches

from wildaffect.core.errors import UsageError

GROUPS: dict[str, dict[str, str]] = {
    "Analyze": {
        "analyze": "read faces in videos, images or a camera; write tables",
        "stream": "send rows of a camera to other programs as they come",
        "demo": "analyze a portrait and two clips that ship with it",
        "webapp": "write a web app that analyzes videos in the browser alone",
        "recover": "recover results from an interrupted run",
        "serve": "serve analysis over HTTP: pages, jobs, a live camera",
        "doctor": "check the installation and suggest fixes",
    },
    "Results": {
        "report": "write offline HTML pages of results to look at",
        "events": "find events: onset, apex and offset of what people show",
        "summarize": "write statistics of every signal, a row per person",
        "methods": "print a paragraph for the methods section of a paper",
        "compare-clips": "compare conditions over participants, with intervals",
        "convert": "write results as files of OpenFace, Py-Feat, ELAN and others",
        "agreement": "compare a result with a table of another program",
        "openface": "analyze with the flags of OpenFace, and write its files",
    },
    "Data": {
        "data check": "check annotations: counts, problems, leaks between splits",
        "data fetch": "fetch an open data set with git and git-lfs",
        "synth make": "generate videos of synthetic people with exact labels",
        "crop": "cut aligned face crops from images and videos",
        "pack": "pack a folder of crops into a few tar files",
    },
    "Features": {
        "extract": "compute features of every face and store them",
        "features audio": "compute features of the sound of videos",
        "features import": "import features of faces, sound or text",
    },
    "Train": {
        "demo-train": "train, score and export a first model in a minute",
        "recipes list": "list the recipes of pretrain, finetune and train",
        "recipes show": "print every setting of a recipe as JSON",
        "pretrain": "train a masked autoencoder on crops without labels",
        "finetune": "train a backbone on labeled crops of several data sets",
        "train": "train a temporal multi-task model on stored features",
        "compare": "compare recipes over several seeds, with intervals",
    },
    "Evaluate": {
        "predict": "predict videos with a trained run",
        "evaluate": "score predictions against annotations, with intervals",
        "submit": "write or check a challenge submission",
    },
    "Models": {
        "models list": "list the models of the package and those added",
        "models show": "show the card of a model: sources, licenses, limits",
        "models add": "add weights of another project for `analyze --model`",
        "models remove": "remove a model that was added",
        "ensemble": "combine trained runs, weighted and calibrated",
        "export": "export a run or an ensemble for `analyze --model`",
        "weights import": "check a weight file against a network and store it",
        "weights list": "list imported weights",
    },
}
"""Title -> command (one or two words) -> summary; modules are named after commands."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}


def module_name(command: str) -> str:
    """Return the name of the module of a command, such as `data_check`."""
    return command.replace(" ", "_").replace("-", "_")


_WIDTH = max(map(len, COMMANDS))


def overview() -> str:
    """Return the list of all commands, in groups."""
    groups = [line for title in GROUPS for line in [*_lines(title, GROUPS[title]), ""]]
    return "\n".join(
        [
            "usage: wildaffect COMMAND [OPTIONS]",
            "",
            "Perceived valence, arousal, expressions and action units from video.",
            "",
            *groups,
            "`wildaffect COMMAND --help` shows the options of a command and examples;",
            "`wildaffect --print-completion bash`, zsh or fish, the completion of words.",
        ]
    )


def group_text(args: list[str]) -> str | None:
    """Return the list of a group's commands if a group alone is named."""
    words = [word for word in args if word not in {"-h", "--help"}]
    group = _group(words[0]) if len(words) == 1 else {}
    if not group:
        return None
    usage = f"usage: wildaffect {words[0]} COMMAND [OPTIONS]"
    return "\n".join([usage, "", *_lines("Commands", group)])


def split_command(args: list[str]) -> tuple[str, list[str]]:
    """Return the name of the command and the words after it.

    Raises:
        UsageError: If there is no such command; the message suggests the nearest.
    """
    if args[0].startswith("-"):
        raise UsageError(
            f"unknown option {args[0]}; options come after the command, "
            "see wildaffect --help"
        )
    for num_words in (2, 1):
        name = " ".join(args[:num_words])
        if name in COMMANDS:
            return name, args[num_words:]
    typed = " ".join(word for word in args[:2] if not word.startswith("-"))
    first, _, second = typed.partition(" ")
    group = _group(first)
    if group and second:
        near = [f"{first} {word}" for word in _near(second, group)]
        if not near and f"{first} show" in group:
            near = [f"{first} show {second}"]
        near = near or list(group)
        raise UsageError(
            f"{first} has no command {second!r}; did you mean {' or '.join(near)}?"
        )
    known = [*_first_words(), *COMMANDS]
    near = get_close_matches(typed, known, n=1) or get_close_matches(first, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "see wildaffect --help"
    raise UsageError(f"no such command: {first}; {hint}")


def _group(word: str) -> dict[str, str]:
    """Return the commands that begin with a word; empty for a command itself."""
    if word in COMMANDS:
        return {}
    return {name: text for name, text in COMMANDS.items() if name.startswith(f"{word} ")}


def _near(second: str, group: dict[str, str]) -> list[str]:
    return get_close_matches(second, [name.split()[1] for name in group], n=1)


def _first_words() -> list[str]:
    return sorted({name.split()[0] for name in COMMANDS if " " in name})


def _lines(title: str, commands: dict[str, str]) -> list[str]:
    rows = [f"  {name:<{_WIDTH}}  {text}" for name, text in commands.items()]
    return [f"{title}:", *rows]
