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

/** A chart that redraws when it is told or its room changes. */
export interface Chart {
  /** Draws; the label is what a screen reader says. */
  draw(label: string, option: EChartsCoreOption): void;
  /** Called on a click with the place of the pointer, in the units of the first axes. */
  onClick(at: (x: number) => void): void;
}

/** An empty chart in an element that has a height. */
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
    onClick(at) {
      chart.getZr().on('click', ({ offsetX, offsetY }) => {
        const [x] = chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]) as [number, number];
        at(x);
      });
    },
  };
}
