#!/bin/bash
#SBATCH --job-name=posetape-score
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --requeue
#SBATCH --open-mode=append
# One task of the array: scores one shard. The shard's file appears when it is complete. A task that runs again leaves a complete
# file as it is.
set -uo pipefail
code=0
node --import tsx --conditions=posetape:source program/main.ts score "$@" --quiet \
  --shard "$SLURM_ARRAY_TASK_ID/$SHARDS" --state "$RUN/shard-$SLURM_ARRAY_TASK_ID.json" || code=$?
# Code 3: done, except for molecules that the log names.
[ "$code" -eq 3 ] || exit "$code"
