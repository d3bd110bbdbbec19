import { sipPort, sipsPort } from '../network.ts';

/** Where drachtio takes its application's connection. Loopback only: the port does not enforce its secret. */
export const drachtioAdminAddress = '127.0.0.1:9022';

/**
 * What a connection may have received that drachtio has not read: bytes at least, at first, at most (tcp(7)). With each
 * request that waits for its answer, 0.9.10 keeps a copy of all that it had read behind it: 6,000 that came at once, 1.4 MB,
 * took 3.1 GB with what Linux allows by itself, and 50 MB so. No SIP message is longer.
 */
export const fewUnread = { namespace: 'net.ipv4.tcp_rmem', value: '4096 16384 32768' };

/**
 * The shell script that a drachtio container starts with, in the place of the image's own, which asks EC2's metadata
 * for addresses that Fargate does not have. It is told by variables: DRACHTIO_SECRET (what the application must say to
 * it), EXTERNAL_IP (advertised to callers), LOCAL_NET (CIDR that is told the private address instead), SIP_DOMAIN, with
 * TLS the PEM texts TLS_CERT and TLS_KEY, and, where a copy of the SIP is wanted, CAPTURE_SERVER (host:port, to which it
 * goes as HEP 3 by UDP) and CAPTURE_ID (a number above 0 that tells this edge from others there).
 * @param tls whether SIP over TLS is taken on port 5061
 */
export function drachtioStart(tls: boolean): string {
  const [host, port] = drachtioAdminAddress.split(':');
  const lines = [
    'set -eu',
    'umask 077',
    'cd "$(mktemp -d)"',
    // drachtio does not start without a file, whatever its command line says.
    `printf '<drachtio><admin port="${port}" secret="%s">${host}</admin><sip/><logging><console/><sofia-loglevel>1</sofia-loglevel><loglevel>notice</loglevel></logging></drachtio>' "\${DRACHTIO_SECRET:?}" > drachtio.xml`,
    // What stands in the environment of a process can be read by who can read the process.
    'unset DRACHTIO_SECRET',
    // Not `*`, which is IPv6 as well: a gateway at [::1] that answers by UDP ends drachtio 0.9.10.
    `set -- -f drachtio.xml --contact "sip:0.0.0.0:\${SIP_PORT:-${sipPort}};transport=udp,tcp" --external-ip "$EXTERNAL_IP" --local-net "$LOCAL_NET" --dns-name "$SIP_DOMAIN"`,
  ];
  if (tls) {
    lines.push(
      `printf '%s\\n' "$TLS_CERT" > cert.pem`,
      `printf '%s\\n' "$TLS_KEY" > key.pem`,
      'unset TLS_CERT TLS_KEY',
      `set -- "$@" --contact "sips:0.0.0.0:\${SIPS_PORT:-${sipsPort}};transport=tls" --external-ip "$EXTERNAL_IP" --local-net "$LOCAL_NET" --cert-file cert.pem --chain-file cert.pem --key-file key.pem`,
    );
  }
  lines.push(
    `[ -z "\${CAPTURE_SERVER:-}" ] || set -- "$@" --homer "$CAPTURE_SERVER" --homer-id "\${CAPTURE_ID:?}"`,
  );
  return [...lines, 'exec drachtio "$@"'].join('\n');
}
