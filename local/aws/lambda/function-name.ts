/** `arn:aws:lambda:r:a:function:name:qualifier`, `a:function:name`, `name:qualifier` or `name`. */
export function functionNameOf(nameOrArn: string): string {
  const at = nameOrArn.indexOf('function:');
  const rest = at < 0 ? nameOrArn : nameOrArn.slice(at + 'function:'.length);
  return rest.split(':')[0] ?? rest;
}
