#!/bin/bash
# Run my scripts from my phone: an ad-hoc command of iqd in shell, with jq.
# Usage: run.sh FOLDER, with the scripts in it.
cd "$1" || exit

# The first stage: a form that asks which script, and with which argument.
form() {
	printf '%s\n' * | jq -Rsc --argjson id "$(jq .id <<<"$1")" '{
		jsonrpc: "2.0", $id, result: {status: "executing", actions: ["complete"], form: {
			title: "Run a script", instructions: "Its output is shown when it has ended.", fields: [
				{var: "script", type: "list-single", label: "Script", required: true,
					options: split("\n")[:-1] | map({label: ., value: .})},
				{var: "argument", type: "text-single", label: "Argument"}
			]}}}'
}

# The second one: its output, without what XML cannot hold.
run() {
	local script argument output code
	script=$(jq -r '.params.fields.script[0]' <<<"$1")
	argument=$(jq -r '.params.fields.argument[0] // ""' <<<"$1")
	if [[ $script == */* || ! -f $script || ! -x $script ]]; then
		jq -c '{jsonrpc: "2.0", id, error: {code: 1, message: "no such script",
			data: {condition: "item-not-found", text: "there is no such script"}}}' <<<"$1"
		return
	fi
	output=$(timeout 15 "./$script" "$argument" 2>&1 </dev/null) && code=0 || code=$?
	LC_ALL=C tr -d '\000-\010\013-\037\177' <<<"${output:0:4000}" |
		jq -Rsc --argjson id "$(jq .id <<<"$1")" --argjson code "$code" '{
			jsonrpc: "2.0", $id, result: {status: "completed",
				note: (if $code == 0 then {type: "info", text: "done"} else {type: "error", text: "exit code \($code)"} end),
				form: {title: "Output", fields: [{var: "output", type: "text-multi", label: "Output", value: rtrimstr("\n") | split("\n")}]}
			}}'
}

while IFS= read -r request; do
	case $(jq -r 'select(.id and .method == "command") | if .params.fields.script then "run" else "form" end' <<<"$request") in
	run) run "$request" ;;
	form) form "$request" ;;
	esac
done
