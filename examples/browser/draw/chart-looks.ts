import { colour } from './colours.ts';

/** Look of every axis. */
export function axis(name = ''): object {
  const quiet = { color: colour('quiet'), fontSize: 12 };
  return {
    name,
    nameTextStyle: quiet,
    axisLabel: quiet,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colour('line') } },
  };
}

/** Look of every tooltip. */
export function tooltip(): object {
  return {
    backgroundColor: colour('card'),
    borderColor: colour('line'),
    textStyle: { color: colour('ink'), fontSize: 12 },
    confine: true,
  };
}
