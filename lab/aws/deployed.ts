import { isObject, type Json, type JsonObject, type Resource } from '../../local/aws/template.ts';
import { elasticIp } from '../network/plan.ts';
import type { Ingress } from '../network/rules.ts';

/* What the lab builds of a stack's resources, all references resolved. */

export interface DeployedListener {
  zone: number;
  /** The static address. */
  address: string;
  group: string;
  port: number;
  targetGroup: Resource;
}

export interface DeployedService {
  name: string;
  cluster: string;
  zone: number;
  group: string;
  definition: Resource;
  targetGroups: readonly string[];
}

const list = (value: Json | undefined) => (value ?? []) as JsonObject[];
const objectIn = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const texts = (value: Json | undefined) => (value ?? []) as string[];

/** The network of subnets of a quarter each: the zone is told by the address. */
const zoneOf = (cidr: Json | undefined) => Math.floor(Number(String(cidr).split('.')[2]) / 64) + 1;

/** The local cloud plays a static address by one of this machine; here it is one of the internet. */
function withPublicAddresses(resources: readonly Resource[]): Resource[] {
  const text = JSON.stringify(resources).replaceAll(/"127\.0\.0\.(\d)"/g, (_match, zone) =>
    JSON.stringify(elasticIp(Number(zone))),
  );
  return JSON.parse(text) as Resource[];
}

export class Deployed {
  readonly resources: readonly Resource[];

  constructor(resources: readonly Resource[]) {
    this.resources = withPublicAddresses(resources);
  }

  get network(): string {
    return String(this.#ofType('AWS::EC2::VPC')[0]?.properties.CidrBlock);
  }

  /** By which gateways find the edges, and TURN servers where there are any. */
  get names(): { edges: string; turn: string; ttlSec: number } {
    const [namespace] = this.#ofType('AWS::ServiceDiscovery::PrivateDnsNamespace');
    const services = this.#ofType('AWS::ServiceDiscovery::Service').map(({ properties }) => properties);
    const nameOf = (own: string) => `${own}.${namespace?.properties.Name}`;
    const edges = services.find(({ Name }) => Name === 'sip');
    const [record] = list(objectIn(edges?.DnsConfig).DnsRecords);
    return { edges: nameOf('sip'), turn: nameOf('turn'), ttlSec: Number(record?.TTL) };
  }

  get listeners(): DeployedListener[] {
    const balancers = new Map(
      this.#ofType('AWS::ElasticLoadBalancingV2::LoadBalancer').map((one) => [one.ref, one.properties]),
    );
    return this.#ofType('AWS::ElasticLoadBalancingV2::Listener').map(({ properties }) => {
      const balancer = balancers.get(String(properties.LoadBalancerArn)) ?? {};
      const [mapping = {}] = list(balancer.SubnetMappings);
      const [action = {}] = list(properties.DefaultActions);
      const address = this.#ofType('AWS::EC2::EIP').find(
        ({ attributes }) => attributes.AllocationId === mapping.AllocationId,
      );
      return {
        zone: this.#zoneOfSubnet(mapping.SubnetId),
        address: String(address?.ref),
        group: String(texts(balancer.SecurityGroups)[0]),
        port: Number(properties.Port),
        targetGroup: this.named(String(action.TargetGroupArn)),
      };
    });
  }

  /** Those with a load balancer before them. */
  get services(): DeployedService[] {
    return this.#ofType('AWS::ECS::Service').map(({ attributes, properties }) => {
      const network = (properties.NetworkConfiguration as JsonObject).AwsvpcConfiguration as JsonObject;
      return {
        name: attributes.Name as string,
        cluster: String(properties.Cluster),
        zone: this.#zoneOfSubnet(texts(network.Subnets)[0]),
        group: String(texts(network.SecurityGroups)[0]),
        definition: this.named(String(properties.TaskDefinition)),
        targetGroups: list(properties.LoadBalancers).map((one) => String(one.TargetGroupArn)),
      };
    });
  }

  /** What each TURN server is told to do as it starts, by zone. */
  get turnServers(): { zone: number; group: string; userData: string }[] {
    return this.#ofType('AWS::EC2::Instance').map(({ properties }) => ({
      zone: this.#zoneOfSubnet(properties.SubnetId),
      group: String(texts(properties.SecurityGroupIds)[0]),
      userData: Buffer.from(String(properties.UserData), 'base64').toString(),
    }));
  }

  /** What the fleet function starts gateways with: their cluster and their security group. */
  get gateways(): { cluster: string; group: string } {
    const variables = this.#ofType('AWS::Lambda::Function')
      .map(({ properties }) => objectIn(objectIn(properties.Environment).Variables))
      .find(({ SECURITY_GROUPS }) => SECURITY_GROUPS !== undefined);
    return { cluster: String(variables?.CLUSTER), group: String(variables?.SECURITY_GROUPS) };
  }

  get ingress(): Ingress[] {
    const rule = (group: string, one: JsonObject): Ingress => ({
      group,
      protocol: String(one.IpProtocol),
      fromPort: Number(one.FromPort),
      toPort: Number(one.ToPort),
      ...(one.CidrIp !== undefined && { cidr: String(one.CidrIp) }),
      ...(one.SourceSecurityGroupId !== undefined && { sourceGroup: String(one.SourceSecurityGroupId) }),
    });
    return [
      ...this.#ofType('AWS::EC2::SecurityGroup').flatMap(({ attributes, properties }) =>
        list(properties.SecurityGroupIngress).map((one) => rule(String(attributes.GroupId), one)),
      ),
      ...this.#ofType('AWS::EC2::SecurityGroupIngress').map(({ properties }) =>
        rule(String(properties.GroupId), properties),
      ),
    ];
  }

  #zoneOfSubnet(id: Json | undefined): number {
    return zoneOf(this.#ofType('AWS::EC2::Subnet').find(({ ref }) => ref === id)?.properties.CidrBlock);
  }

  #ofType(type: string): Resource[] {
    return this.resources.filter((one) => one.type === type);
  }

  /** @throws Error where the stack has none of this name */
  named(ref: string): Resource {
    const found = this.resources.find((one) => one.ref === ref && isObject(one.properties));
    if (!found) throw new Error(`the stack has no resource ${ref}`);
    return found;
  }
}
