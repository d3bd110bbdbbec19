/**
 * How SIPMediaGW's start makes the address that it posts its record to, unless the operator has named one. The stack gives
 * it the address and a secret; its password follows from its username (lambdas/functions/api/gateways/password.ts). It takes
 * both out of the address and shows them as a header (requests; RFC 7617), so that no log has them.
 */
export const mediaReportAddress = `if [ -z "\${LOG_PUSH_URL:-}" ]; then
  report_user=$SIP_NAME_PREFIX.$GW_NAME_PREFIX.$GW_ID
  report_pass=$(printf %s "$report_user" | openssl dgst -sha256 -hmac "$MEDIA_REPORT_SECRET" -r | cut -c1-64)
  export LOG_PUSH_URL="\${MEDIA_REPORT_URL/:\\/\\//://$report_user:$report_pass@}"
fi
unset MEDIA_REPORT_SECRET`;
