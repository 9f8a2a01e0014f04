import { colour } from './colours.ts';

/** Returns the ECharts options that all axes share. */
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

/** Returns the ECharts options that all tooltips share. */
export function tooltip(): object {
  return {
    backgroundColor: colour('card'),
    borderColor: colour('line'),
    textStyle: { color: colour('ink'), fontSize: 12 },
    confine: true,
  };
}
