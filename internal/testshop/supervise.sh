# Runs a command and ends it when standard input ends, that is, when the
# process that holds the other end of the pipe is done or dead; then removes
# the directory too. Arguments: directory, command...
dir=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
command=$!
{
  read -r _ <&3
  : >"$dir/stopping"
  kill -TERM "$command" || exit
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    sleep 1
    kill -0 "$command" || exit
  done
  kill -KILL "$command"
} 2>/dev/null &
watcher=$!
wait "$command"
status=$?
kill "$watcher" 2>/dev/null
if [ -e "$dir/stopping" ]; then
  rm -rf "$dir"
fi
exit "$status"
