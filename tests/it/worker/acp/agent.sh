# A coding agent made of sh, so that tests need no other language and nothing is built for them alone. It speaks the Agent
# Client Protocol as it is on the wire. What it does is in the script that it is given, which may replace these functions.

# The answer to the request in $line; ids are texts or numbers.
reply() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
error() { printf '{"jsonrpc":"2.0","id":%s,"error":{"code":%s,"message":"%s"}}\n' "$id" "$1" "$2"; }

# Tells something; $1 is the JSON of an update.
update() { printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":%s}}\n' "$1"; }
say() { update '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"'"$1"'"}}'; }
tool() { update '{"sessionUpdate":"tool_call","toolCallId":"t","title":"'"$1"'"}'; }

# Asks whether it may $1 (edit, execute) the file $2; what it is told is in $line then.
ask() {
    printf '{"jsonrpc":"2.0","id":"asked","method":"session/request_permission","params":{"sessionId":"s",%s,%s}}\n' \
        '"toolCall":{"toolCallId":"t","kind":"'"$1"'","locations":[{"path":"'"$2"'"}]}' \
        '"options":[{"optionId":"ever","name":"Always","kind":"allow_always"},{"optionId":"yes","name":"Yes","kind":"allow_once"},{"optionId":"no","name":"No","kind":"reject_once"}]'
    IFS= read -r line
}

# Ends the turn.
end() { id=$turn; reply '{"stopReason":"'"${1:-end_turn}"'"}'; }

hello() { reply '{"protocolVersion":1,"agentCapabilities":{},"agentInfo":{"name":"sh","version":"1"}}'; }
session() { reply '{"sessionId":"s"}'; }
cancel() { end cancelled; }
work() { end; }

[ $# -eq 0 ] || . "$1"
while IFS= read -r line; do
    id=${line##*\"id\":}
    id=${id%%[,\}]*}
    case $line in
    *'"method":"initialize"'*) hello ;;
    *'"method":"session/new"'*) session ;;
    *'"method":"session/prompt"'*) turn=$id && work ;;
    *'"method":"session/cancel"'*) cancel ;;
    esac
done
