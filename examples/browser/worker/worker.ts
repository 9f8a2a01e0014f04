import { type Answer, Context, type Report, type Request, tasks } from './tasks.ts';

type Task = (context: Context, input: unknown, report: Report<unknown>) => unknown;

const context = new Context();
const answer = (message: Answer) => postMessage(message);

addEventListener('message', async ({ data: { id, task, input } }: MessageEvent<Request>) => {
  try {
    const report = (progress: unknown) => answer({ id, kind: 'progress', progress });
    const output = await (tasks[task] as Task)(context, input, report);
    answer({ id, kind: 'output', output });
  } catch (error) {
    answer({ id, kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
