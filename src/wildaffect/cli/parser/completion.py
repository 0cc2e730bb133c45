"""Shell completion: the scripts, and the candidates that they ask for."""

from collections.abc import Sequence

from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.parser.parse import is_flag, shown_name
from wildaffect.cli.parser.spec import Flag, flags_of, spec_of

SCRIPTS = {
    "bash": """\
_wildaffect() {
    local IFS=$'\\n'
    COMPREPLY=($(wildaffect --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _wildaffect wildaffect
""",
    "zsh": """\
#compdef wildaffect
_wildaffect() {
    local -a found
    found=("${(@f)$(wildaffect --complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _wildaffect wildaffect
""",
    "fish": """\
function __wildaffect_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    wildaffect --complete $words 2>/dev/null
end
complete -c wildaffect -a '(__wildaffect_complete)'
""",
}
"""Completion script of each shell. An answer without candidates stands for files."""


def command_words(commands: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the words of command names that continue what was typed."""
    *before, last = words or [""]
    found = [
        parts[len(before)]
        for parts in map(str.split, commands)
        if parts[: len(before)] == before and len(parts) > len(before)
    ]
    return [word for word in dict.fromkeys(found) if word.startswith(last)]


def option_words(call: Invocation, last: str) -> list[str]:
    """Return the flags or values of a command that begin with its last, unfinished word."""
    if call.recipes and not call.args and not last.startswith("-"):
        return [name for name in call.recipes if name.startswith(last)]
    flags = list(flags_of(spec_of(call)))
    if last.startswith("-"):
        names = [shown_name(flag) for flag in flags if not flag.is_positional]
        return [name for name in [*names, "--help"] if name.startswith(last)]
    flag = _flag_before(flags, call.args) or _positional(flags)
    choices = flag.values.choices if flag else ()
    return [choice for choice in choices if choice.startswith(last)]


def _flag_before(flags: Sequence[Flag], words: Sequence[str]) -> Flag | None:
    """Return the flag whose value comes next."""
    for steps, word in enumerate(reversed(words), 1):
        if is_flag(word):
            found = next((flag for flag in flags if word in {flag.name, flag.short}), None)
            if found is None or found.values.count is None:
                return found
            return found if steps <= found.values.count else None
    return None


def _positional(flags: Sequence[Flag]) -> Flag | None:
    return next((flag for flag in flags if flag.is_positional), None)
