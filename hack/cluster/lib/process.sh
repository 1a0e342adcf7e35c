# shellcheck shell=bash
# Starting and stopping the cluster's processes. Each is started by a link in
# STATE/bin, so that its command line says whose it is, and has a file in
# STATE/run with its id. Nothing is ever ended by name. Sourced, never run.

# link_program NAME PATH: STATE/bin/NAME -> PATH.
link_program() { ln -sfn "$2" "$STATE/bin/$1"; }

# pid_of NAME: the id of our process NAME; false when it is not running.
pid_of() {
  local pid first
  pid=$(cat "$RUN/$1.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
  { IFS= read -r -d '' first <"/proc/$pid/cmdline"; } 2>/dev/null || return 1
  [[ $first == "$STATE/bin/$1" ]] || return 1
  echo "$pid"
}

# is_current NAME: it runs, and from the binary that the link points to now.
is_current() {
  local pid
  pid=$(pid_of "$1") && [[ $(readlink "/proc/$pid/exe") == "$(readlink -f "$STATE/bin/$1")" ]]
}

# start NAME ARGUMENT...: unless it runs already; one of another version or with
# other arguments is replaced. Output goes to STATE/log/NAME.log.
start() {
  local name=$1
  shift
  if is_current "$name" && [[ $(cat "$RUN/$name.arguments" 2>/dev/null) == "$*" ]]; then return 0; fi
  stop "$name"
  unlocked launch "$name" "$@"
  wait_for 5 "$name to start" starts "$name" || die "$name did not start; see $LOG/$name.log."
}

launch() {
  local name=$1
  shift
  setsid "$STATE/bin/$name" "$@" >>"$LOG/$name.log" 2>&1 </dev/null &
  echo $! >"$RUN/$name.pid"
  printf '%s\n' "$*" >"$RUN/$name.arguments"
}

# starts NAME: the new process has become the program, or is already dead.
starts() {
  local pid
  pid=$(cat "$RUN/$1.pid")
  pid_of "$1" || ! kill -0 "$pid"
}

# wait_ready SECONDS NAME COMMAND...: until COMMAND succeeds; ends with the last
# lines of NAME's log when time is up or NAME is dead.
wait_ready() {
  local seconds=$1 name=$2
  shift 2
  # shellcheck disable=SC2317 # called by wait_for
  ready_or_dead() { "$@" || ! pid_of "$name"; }
  if ! wait_for "$seconds" "$name to be ready" ready_or_dead "$@" || ! "$@" >/dev/null 2>&1; then
    tail -n 5 "$LOG/$name.log" >&2
    die "$name did not become ready; see $LOG/$name.log."
  fi
}

# stop NAME: ask it to end, kill it when it has not after five seconds (an API
# server with watches open takes a minute).
stop() {
  local pid
  if pid=$(pid_of "$1"); then
    kill "$pid" 2>/dev/null || true
    wait_for 5 "$1 to end" gone "$pid" || end "$pid"
  fi
  rm -f "$RUN/$1.pid"
}

# end PID...: at once. For what is thrown away together with its files.
end() {
  local pid
  for pid in "$@"; do kill -9 "$pid" 2>/dev/null || true; done
  for pid in "$@"; do wait_for 5 "process $pid to end" gone "$pid" || true; done
}

# end_named NAME...: those of them that run.
end_named() {
  local name pid pids=()
  for name in "$@"; do
    if pid=$(pid_of "$name"); then pids+=("$pid"); fi
  done
  end "${pids[@]}"
  for name in "$@"; do rm -f "$RUN/$name.pid"; done
}

gone() { ! kill -0 "$1"; }

# own_pids: every process whose program is a link of ours, pid file or not.
own_pids() {
  local dir first
  for dir in /proc/[0-9]*; do
    { IFS= read -r -d '' first <"$dir/cmdline"; } 2>/dev/null || continue
    [[ $first == "$STATE/bin/"* ]] && echo "${dir#/proc/}"
  done
  return 0
}
