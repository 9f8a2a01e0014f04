import { messageOf } from '../message.ts';
import { type Answer, Context, type Report, type Request, type Tasks } from './tasks.ts';

type Task = (context: Context, input: unknown, report: Report<unknown>) => unknown;

/** Lets a worker answer the page's requests for these tasks, one context for all of them. */
export function answer(tasks: Partial<Tasks>): void {
  const context = new Context();
  const say = (message: Answer) => postMessage(message);
  addEventListener('message', async ({ data: { id, task, input } }: MessageEvent<Request>) => {
    try {
      const report = (progress: unknown) => say({ id, kind: 'progress', progress });
      const output = await (tasks[task] as Task)(context, input, report);
      say({ id, kind: 'output', output });
    } catch (error) {
      say({ id, kind: 'error', message: messageOf(error) });
    }
  });
}
