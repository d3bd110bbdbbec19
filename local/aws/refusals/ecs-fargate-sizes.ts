import { isFargate, onEach, type Rule } from './rule.ts';

/** CPU units → least memory, most memory and step, MiB. */
const sizes = new Map<number, readonly [number, number, number]>([
  [512, [1024, 4096, 1024]],
  [1024, [2048, 8192, 1024]],
  [2048, [4096, 16_384, 1024]],
  [4096, [8192, 30_720, 1024]],
  [8192, [16_384, 61_440, 4096]],
  [16_384, [32_768, 122_880, 8192]],
]);

/** Those of a quarter of a CPU are listed one by one. */
const smallest = { cpu: 256, memory: [512, 1024, 2048] };

function exists(cpu: number, memory: number): boolean {
  if (cpu === smallest.cpu) return smallest.memory.includes(memory);
  const [least, most, step] = sizes.get(cpu) ?? [1, 0, 1];
  return memory >= least && memory <= most && (memory - least) % step === 0;
}

/** A task on Fargate has one of the pairs of CPU and memory. */
export const ecsFargateSizes: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) => {
    const { Cpu, Memory } = definition.properties;
    if (!isFargate(definition) || exists(Number(Cpu), Number(Memory))) return undefined;
    return `No Fargate configuration exists for given values: ${Cpu} CPU, ${Memory} memory.`;
  }),
};
