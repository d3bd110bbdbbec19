import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalCloud } from '../../local/aws/cloud.ts';
import { protectionOf } from '../../local/aws/ecs/agent.ts';
import { accessKeyOf } from '../../local/aws/iam/permissions.ts';
import { arn } from '../../local/aws/identity.ts';

/** What ECS's agent knows of a task. */
export interface AgentTask {
  id: string;
  cluster: string;
  role: string;
  address: string;
  /** Whether its service lets it be protected now ("Task scale-in protection": DEPLOYMENT_BLOCKED). */
  mayProtect: () => boolean;
  /** @param until epoch ms; undefined takes the protection away */
  protect: (until: number | undefined) => void;
}

const credentialsLastMs = 6 * 3_600_000;

/** What it needs of the cloud. */
type AgentCloud = Pick<LocalCloud, 'permissions' | 'credentialsOf'>;

/** What a task finds at 169.254.170.2: its metadata, its role's credentials, its protection. */
export class Agent {
  readonly #server: Server;
  readonly #tasks = new Map<string, AgentTask>();
  readonly #cloud: AgentCloud;

  private constructor(cloud: AgentCloud) {
    this.#cloud = cloud;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((answer) => {
        response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer ?? {}));
      });
    });
  }

  static async open(host: string, cloud: AgentCloud): Promise<Agent> {
    const agent = new Agent(cloud);
    agent.#server.listen(0, host);
    await once(agent.#server, 'listening');
    return agent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  add(task: AgentTask): void {
    this.#tasks.set(task.id, task);
  }

  remove(id: string): void {
    this.#tasks.delete(id);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<object | undefined> {
    const [, kind, id = '', rest = ''] =
      /^\/(v2\/credentials|v4|api)\/([^/]+)(.*)$/.exec(request.url ?? '') ?? [];
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    const taskArn = arn('ecs', `task/${task.cluster}/${id}`);
    if (kind === 'v2/credentials') {
      return {
        AccessKeyId: accessKeyOf(task.role),
        SecretAccessKey: this.#cloud.credentialsOf(accessKeyOf(task.role)).secretAccessKey,
        Token: 'lab',
        Expiration: new Date(Date.now() + credentialsLastMs).toISOString(),
        RoleArn: task.role,
      };
    }
    if (kind === 'v4') {
      const Networks = [{ NetworkMode: 'awsvpc', IPv4Addresses: [task.address] }];
      return { Cluster: arn('ecs', `cluster/${task.cluster}`), TaskARN: taskArn, Containers: [{ Networks }] };
    }
    return rest === '/task-protection/v1/state' ? this.#protect(task, request) : undefined;
  }

  async #protect(task: AgentTask, request: IncomingMessage): Promise<object> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = protectionOf({ clusterName: task.cluster, taskId: task.id }, JSON.parse(body), (needed) =>
      this.#cloud.permissions.check(accessKeyOf(task.role), needed),
    );
    const asks =
      (answer.protection as { ProtectionEnabled?: boolean } | undefined)?.ProtectionEnabled === true;
    if (asks && !task.mayProtect()) {
      const { TaskArn: Arn } = answer.protection as { TaskArn: string };
      return { failure: { Arn, Reason: 'DEPLOYMENT_BLOCKED', Detail: null } };
    }
    const { ExpirationDate } = (answer.protection ?? {}) as { ExpirationDate?: string };
    if (answer.protection)
      task.protect(ExpirationDate === undefined ? undefined : Date.parse(ExpirationDate));
    return answer;
  }
}
