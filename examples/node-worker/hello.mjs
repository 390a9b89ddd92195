import { Worker } from 'kinwire';

const worker = new Worker({ name: 'hello', build: '1.0' });

worker.method('greet', (name) => `Hello, ${name}!`);

worker.method('count', async function* ({ n }) {
  for (let i = 0; i < n; i++) yield i;
});

await worker.run();
