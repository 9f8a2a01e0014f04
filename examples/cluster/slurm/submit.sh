#!/bin/bash
# Submits a run: the array job that scores the shards, and the job that merges them. Run it in posetape's folder. Run it again to
# continue an interrupted run.
#
#   RUN=run SHARDS=8 bash examples/cluster/slurm/submit.sh docked/ --receptor protein.pdbqt
#
# RUN is a folder on a disk that all nodes share. The result is $RUN/result.csv. The arguments are those of score.
set -euo pipefail
export RUN=${RUN:-run} SHARDS=${SHARDS:-8} ROUND=${ROUND:-1}
here=$(dirname "$0")
mkdir -p "$RUN"

# Tries for a minute, because the scheduler may be down.
submit() {
  for _ in $(seq 30); do
    sbatch --parsable "$@" && return
    sleep 2
  done
  return 1
}

missing=$(for i in $(seq "$SHARDS"); do [ -s "$RUN/shard-$i.json" ] || printf ',%d' "$i"; done)
after=()
if [ -n "$missing" ]; then
  array=$(submit --array="${missing#,}" --output="$RUN/shard-%a.log" "$here/score.sh" "$@")
  echo "array job $array scores shards ${missing#,}"
  after=(--dependency="afterany:$array")
fi
merge=$(submit "${after[@]}" --output="$RUN/merge.log" "$here/merge.sh" "$@")
echo "job $merge merges the shards into $RUN/result.csv"
