import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';

use([
  BarChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LabelLayout,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  SVGRenderer,
]);

/** Chart that redraws on request and when its element is resized. */
export interface Chart {
  /** Draws the chart. The label is for screen readers. */
  draw(label: string, option: EChartsCoreOption): void;
  /** Calls `clicked` on each click with the x of the pointer, in units of the first x axis. */
  onClick(clicked: (x: number) => void): void;
}

/** Creates an empty chart in an element, which must have a height. */
export function chartIn(element: HTMLElement): Chart {
  const chart = init(element, undefined, { renderer: 'svg' });
  new ResizeObserver(() => chart.resize()).observe(element);
  element.setAttribute('role', 'img');
  return {
    draw(label, option) {
      element.setAttribute('aria-label', label);
      chart.setOption(
        { animation: false, textStyle: { fontFamily: 'inherit' }, ...option },
        { notMerge: true },
      );
    },
    onClick(clicked) {
      chart.getZr().on('click', ({ offsetX, offsetY }) => {
        const [x] = chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]) as [number, number];
        clicked(x);
      });
    },
  };
}
