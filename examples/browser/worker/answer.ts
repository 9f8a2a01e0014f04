import { messageOf } from '../message.ts';
import { type Answer, Context, type Report, type Request, type Tasks } from './tasks.ts';

type Task = (context: Context, input: unknown, report: Report<unknown>) => unknown;

/** Makes a worker answer the page's requests for these tasks. All tasks share one context. */
export function answer(tasks: Partial<Tasks>): void {
  const context = new Context();
  const send = (message: Answer) => postMessage(message);
  addEventListener('message', async ({ data: { id, task, input } }: MessageEvent<Request>) => {
    try {
      const report = (progress: unknown) => send({ id, kind: 'progress', progress });
      const output = await (tasks[task] as Task)(context, input, report);
      send({ id, kind: 'output', output });
    } catch (error) {
      send({ id, kind: 'error', message: messageOf(error) });
    }
  });
}
