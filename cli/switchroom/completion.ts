/**
 * @param commands names of what `switchroom` does
 * @param options with their dashes
 * @returns what bash reads to complete both; zsh by its `bashcompinit`
 */
export const completion = (
  commands: readonly string[],
  options: readonly string[],
): string => `_switchroom() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word"))
  elif [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${commands.join(' ')}" -- "$word"))
  fi
}
complete -o default -F _switchroom switchroom
`;
