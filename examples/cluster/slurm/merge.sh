#!/bin/bash
#SBATCH --job-name=posetape-merge
#SBATCH --ntasks=1
#SBATCH --mem=1G
#SBATCH --requeue
#SBATCH --open-mode=append
# Merges the shards. If shards are missing because tasks died, resubmits them instead, and gives up after ROUNDS rounds.
set -uo pipefail
for i in $(seq "$SHARDS"); do
  [ -s "$RUN/shard-$i.json" ] && continue
  if [ "$ROUND" -ge "${ROUNDS:-20}" ]; then
    echo "shard $i is missing after $ROUND rounds; see $RUN/shard-$i.log" >&2
    exit 1
  fi
  ROUND=$((ROUND + 1)) exec bash examples/cluster/slurm/submit.sh "$@"
done
code=0
node --import tsx --conditions=posetape:source program/main.ts merge --quiet "$RUN"/shard-*.json \
  --format "${FORMAT:-csv}" --out "$RUN/result.csv" || code=$?
# Code 3: done, except for molecules that were skipped.
[ "$code" -eq 3 ] || exit "$code"
