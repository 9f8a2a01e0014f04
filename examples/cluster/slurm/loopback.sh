#!/bin/bash
# Runs Slurm on this machine alone, to try the example. `start` starts Slurm and prints the path of its slurm.conf; `stop` stops
# Slurm. All its files are in SLURM_FOLDER.
#
#   export SLURM_CONF=$(bash examples/cluster/slurm/loopback.sh start)
#   bash examples/cluster/slurm/loopback.sh stop
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
folder=${SLURM_FOLDER:-${TMPDIR:-/tmp}/posetape-slurm}
export SLURM_CONF=$folder/slurm.conf

end() {
  local pid
  pid=$(cat "$folder/$1.pid" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
}

case ${1:-} in
  start)
    mkdir -p "$folder"/{state,spool}
    chmod 700 "$folder"
    [ -e "$folder/munge.key" ] || (umask 077 && head -c 128 /dev/urandom > "$folder/munge.key")
    user=$(id -un)
    cat > "$SLURM_CONF" <<CONF
ClusterName=posetape
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmctldPort=${SLURM_PORT:-16817}
SlurmdPort=$((${SLURM_PORT:-16817} + 1))
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName=localhost NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(free -m | awk '/^Mem/ { print int($2 / 2) }')
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
CONF
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
      --seed-file="$folder/munge.seed" --log-file="$folder/munged.log" >&2
    slurmctld >&2
    slurmd -N localhost >&2
    for _ in $(seq 100); do
      [ "$(sinfo --noheader --format=%t 2>/dev/null)" = idle ] && break
      sleep 0.2
    done
    sinfo >&2
    echo "$SLURM_CONF"
    ;;
  # Restarts only the scheduler. Tasks keep running.
  restart)
    end slurmctld
    sleep 2
    slurmctld >&2
    ;;
  # Kills the scheduler by kill -9, and starts it again. The scheduler loses its state of the last seconds: jobs may be lost, run
  # twice or be held, and the node may be drained.
  crash)
    kill -9 "$(cat "$folder/slurmctld.pid")"
    sleep 2
    slurmctld >&2
    ;;
  # Cancels all jobs after a crash, and makes the node accept new ones.
  recover)
    scancel --user="$(id -un)"
    for _ in $(seq 100); do [ -z "$(squeue --noheader)" ] && break; sleep 0.2; done
    scontrol update NodeName=localhost State=RESUME 2>/dev/null || true
    # Lost jobs that still run may drain the node and hold new jobs for some seconds more.
    {
      for _ in $(seq 20); do
        sleep 1
        scontrol update NodeName=localhost State=RESUME || true
        squeue --noheader --format=%A | xargs --no-run-if-empty scontrol release || true
      done
      # `stop` must not kill a later process with the same number.
      rm -f "$folder/recovery.pid"
    } > /dev/null 2>&1 &
    echo $! > "$folder/recovery.pid"
    sinfo >&2
    ;;
  stop)
    # Ends the loop of `recover`, whose last command may take a moment more.
    end recovery
    sleep 1
    scancel --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 50); do [ -z "$(squeue --noheader 2>/dev/null)" ] && break; sleep 0.2; done
    for daemon in slurmd slurmctld munged; do end "$daemon"; done
    ;;
  *)
    echo "usage: loopback.sh start|restart|crash|recover|stop" >&2
    exit 2
    ;;
esac
