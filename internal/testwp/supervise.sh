# Runs a command with all that it starts and ends them when standard input
# ends, that is, when the process that holds the other end of the pipe is done
# or dead; then removes the directory. Everything here is in a process group of
# its own. Arguments: directory, command...
dir=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
command=$!
{
  read -r _ <&3
  : >"$dir/stopping"
  trap '' TERM
  kill -TERM 0
} 2>/dev/null &
watcher=$!
trap : TERM
wait "$command"
status=$?
kill -9 "$watcher" 2>/dev/null
if [ -e "$dir/stopping" ]; then
  rm -rf "$dir"
fi
exit "$status"
