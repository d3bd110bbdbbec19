import { resourcesOf, type Template } from '../cost/template.ts';
import { table } from '../docs/table.ts';

/* Who may send what to whom, as the security groups of a template have it. */

interface Ingress {
  CidrIp?: string;
  CidrIpv6?: string;
  SourceSecurityGroupId?: unknown;
  IpProtocol: string;
  FromPort: number;
  ToPort: number;
  Description: string;
}

interface Rule extends Ingress {
  to: string;
}

/** Which Elastic IPs are whose: by where they stand in the stack. */
const staticAddresses = [
  { to: 'Load balancer', of: /^LoadBalancer\d+Address/ },
  { to: 'TURN servers', of: /^TurnAddress\d/ },
];

const groupOf = (reference: unknown) => (reference as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0];

function rulesOf(template: Template): { rules: Rule[]; nameOf: (reference: unknown) => string } {
  const groups = resourcesOf(template, 'AWS::EC2::SecurityGroup');
  // A group says whose it is before the colon of its description.
  const names = new Map(
    groups.map(({ id, Properties }) => [id, String(Properties.GroupDescription).split(':')[0] ?? id]),
  );
  const nameOf = (reference: unknown) => names.get(groupOf(reference)) ?? '';
  const own = groups.flatMap(({ id, Properties }) =>
    ((Properties.SecurityGroupIngress ?? []) as Ingress[]).map((one) => ({
      ...one,
      to: names.get(id) ?? id,
    })),
  );
  const apart = resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').map(({ Properties }) => ({
    ...(Properties as unknown as Ingress),
    to: nameOf(Properties.GroupId),
  }));
  return { rules: [...own, ...apart], nameOf };
}

function addressOf(to: string, template: Template): string {
  const pattern = staticAddresses.find((one) => one.to === to)?.of;
  const count = resourcesOf(template, 'AWS::EC2::EIP').filter(({ id }) => pattern?.test(id)).length;
  return count === 0 ? 'any of the region' : `${count} static`;
}

const portsOf = ({ FromPort, ToPort }: Ingress) => {
  if (FromPort === 0 && ToPort === 65_535) return 'any';
  return FromPort === ToPort ? `${FromPort}` : `${FromPort}-${ToPort}`;
};

/** @returns the rows for whoever runs the firewall between room systems and a deployment, as Markdown */
export function firewallTable(template: Template): string {
  const { rules } = rulesOf(template);
  const rows = rules
    .filter(({ SourceSecurityGroupId }) => SourceSecurityGroupId === undefined)
    .map((rule) => {
      const from = rule.CidrIp ?? rule.CidrIpv6 ?? '';
      const who = from === '0.0.0.0/0' ? 'room systems' : from;
      const protocol = rule.IpProtocol.toUpperCase();
      return [who, rule.to, protocol, portsOf(rule), addressOf(rule.to, template), rule.Description];
    });
  return table(['from', 'to', 'protocol', 'ports', 'addresses of ours', 'why'], rows);
}

/** @returns who reaches whom inside the network, as Markdown */
export function insideTable(template: Template): string {
  const { rules, nameOf } = rulesOf(template);
  const rows = rules
    .filter(({ SourceSecurityGroupId }) => SourceSecurityGroupId !== undefined)
    .map((rule) => {
      const protocol = rule.IpProtocol.toUpperCase();
      return [nameOf(rule.SourceSecurityGroupId), rule.to, protocol, portsOf(rule), rule.Description];
    });
  return table(['from', 'to', 'protocol', 'ports', 'why'], rows);
}
