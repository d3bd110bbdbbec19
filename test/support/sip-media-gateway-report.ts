/*
 * What SIPMediaGW's own script (its src/logParse.py, 564e7a5) posted to LOG_PUSH_URL, byte for byte, of a call between two
 * baresip 3.15.0 where three packets in a hundred were dropped; and the lines that it made that of.
 */

export const reportingGateway = '0123456789abcdef0123456789abcdef.mediagw.1';

/** Of a call of 24 s with audio and video. */
export const reportBytes =
  '{"call": {"mainApp": "baresip", "callUrl": "file:///x?displayName=Ann", "browsing": "", "room": "", "roomType": "IVR", "callSession": {"callStart": {"raw": "Nov 30 15:32:39", "timestamp": "2026-11-30T15:32:39Z"}, "callEnd": {"raw": "Nov 30 15:33:03", "timestamp": "2026-11-30T15:33:03Z"}, "totalTime": {"seconds": 24, "milliseconds": 24000, "raw": "00:00:24"}}, "details": {"callId": "cfbebf8dc6a30fc5", "source": {"sourceURI": "ann@10.9.9.1:5071", "sourceName": "Ann", "sourceNumber": "ann", "sourceDomain": "10.9.9.1:5071"}, "destination": {"destinationURI": "", "destinationRoomName": "", "destinationDomain": "", "destinationDomainRaw": "0123456789abcdef0123456789abcdef.mediagw.1@10.9.9.1", "destinationGw": "0123456789abcdef0123456789abcdef.mediagw.1", "destinationDomainIp": "10.9.9.1", "peerDisplayName": ""}, "closeReason": "Connection reset by peer [104]", "lastEventType": "CALL_CLOSED"}, "dtmfEvents": [], "mediaStats": {"audio": {"tx": {"packets": 1200, "avgBitrateKbps": 64.0, "errors": 35, "packetReports": 1000, "lostPackets": 27, "jitterMs": 1.8}, "rx": {"packets": 1166, "avgBitrateKbps": 62.2, "errors": 0, "packetReports": 969, "lostPackets": 30, "jitterMs": 4.1}}, "video": [{"streamIndex": 0, "tx": {"packets": 480, "avgBitrateKbps": 14.6, "errors": 15, "packetReports": 400, "lostPackets": 9, "jitterMs": 3.5}, "rx": {"packets": 448, "avgBitrateKbps": 14.4, "errors": 0, "packetReports": 369, "lostPackets": 13, "jitterMs": 1.7}}]}}}';

/** Of a gateway that ended without a call. */
export const emptyReportBytes =
  '{"call": {"mainApp": "baresip", "callUrl": "", "browsing": "", "room": "", "roomType": "IVR", "callSession": {"callStart": {"raw": "", "timestamp": ""}, "callEnd": {"raw": "Nov 30 15:31:44", "timestamp": "2026-11-30T15:31:44Z"}, "totalTime": {"seconds": 0, "milliseconds": 0, "raw": "00:00:00"}}, "details": {"callId": "", "source": {"sourceURI": "", "sourceName": "", "sourceNumber": "", "sourceDomain": ""}, "destination": {"destinationURI": "", "destinationRoomName": "", "destinationDomain": "", "destinationDomainRaw": "", "destinationGw": "", "destinationDomainIp": "", "peerDisplayName": ""}, "closeReason": "", "lastEventType": ""}, "dtmfEvents": [], "mediaStats": {"audio": {"tx": {}, "rx": {}}, "video": []}}}';

/** Of a call by way of an edge, whose caller sent no RTCP. */
export const reportWithoutRtcpBytes =
  '{"call": {"mainApp": "baresip", "callUrl": "file:///var/src/../browsing/assets/IVR/index.html?displayName=", "browsing": "jitsi", "room": "4711", "roomType": "IVR", "callSession": {"callStart": {"raw": "Nov 30 08:11:11", "timestamp": "2026-11-30T08:11:11Z"}, "callEnd": {"raw": "Nov 30 08:11:25", "timestamp": "2026-11-30T08:11:25Z"}, "totalTime": {"seconds": 14, "milliseconds": 14000, "raw": "00:00:14"}}, "details": {"callId": "09d021220bad99492af13303cfcdebe8", "source": {"sourceURI": "ann@endpoint.example", "sourceName": "", "sourceNumber": "ann", "sourceDomain": "endpoint.example"}, "destination": {"destinationURI": "1.4711@sip.switchroom.test", "destinationRoomName": "", "destinationDomain": "sip.switchroom.test", "destinationDomainRaw": "c0000000000000000000000000000001.mediagw.1@sip.switchroom.test", "destinationGw": "c0000000000000000000000000000001.mediagw.1", "destinationDomainIp": "sip.switchroom.test", "peerDisplayName": "6-1.4711Ann"}, "closeReason": "Connection reset by peer [104]", "lastEventType": "CALL_CLOSED"}, "dtmfEvents": [], "mediaStats": {"audio": {"tx": {"packets": 548, "avgBitrateKbps": 64.1, "errors": 0}, "rx": {"packets": 600, "avgBitrateKbps": 64.0, "errors": 0}}, "video": []}}}';

/** What its event handler says of the call, and baresip when that is over. */
export const eventLines = [
  `{'event': True, 'class': 'call', 'type': 'CALL_INCOMING', 'accountaor': 'sip:0123456789abcdef0123456789abcdef.mediagw.1@10.9.9.1', 'direction': 'incoming', 'peeruri': 'sip:ann@10.9.9.1:5071', 'id': 'cfbebf8dc6a30fc5', 'remoteaudiodir': 'sendrecv', 'remotevideodir': 'sendrecv', 'audiodir': 'sendrecv', 'videodir': 'sendrecv', 'localaudiodir': 'sendrecv', 'localvideodir': 'sendrecv', 'param': 'sip:ann@10.9.9.1:5071'}`,
  `{'event': True, 'class': 'call', 'type': 'CALL_ESTABLISHED', 'accountaor': 'sip:0123456789abcdef0123456789abcdef.mediagw.1@10.9.9.1', 'direction': 'incoming', 'peeruri': 'sip:ann@10.9.9.1:5071', 'id': 'cfbebf8dc6a30fc5', 'remoteaudiodir': 'sendrecv', 'remotevideodir': 'sendrecv', 'audiodir': 'sendrecv', 'videodir': 'sendrecv', 'localaudiodir': 'sendrecv', 'localvideodir': 'sendrecv', 'param': 'sip:ann@10.9.9.1:5071'}`,
  `{'event': True, 'class': 'call', 'type': 'CALL_CLOSED', 'accountaor': 'sip:0123456789abcdef0123456789abcdef.mediagw.1@10.9.9.1', 'direction': 'incoming', 'peeruri': 'sip:ann@10.9.9.1:5071', 'id': 'cfbebf8dc6a30fc5', 'remoteaudiodir': 'sendrecv', 'remotevideodir': 'sendrecv', 'audiodir': 'sendrecv', 'videodir': 'sendrecv', 'localaudiodir': 'sendrecv', 'localvideodir': 'sendrecv', 'param': 'Connection reset by peer [104]'}`,
];
export const statisticLines = [
  'sip:ann@10.9.9.1:5071: session closed: Connection reset by peer [104]',
  'sip:0123456789abcdef0123456789abcdef.mediagw.1@10.9.9.1:5070;transport=tcp;transport=tcp: Call with sip:ann@10.9.9.1:5071 terminated (duration: 24 secs)',
  'audio           Transmit:     Receive:',
  'packets:           1200         1166',
  'avg. bitrate:      64.0         62.2  (kbit/s)',
  'errors:              35            0',
  'pkt.report:        1000          969',
  'lost:                27           30',
  'jitter:             1.8          4.1  (ms)',
  'video           Transmit:     Receive:',
  'packets:            480          448',
  'avg. bitrate:      14.6         14.4  (kbit/s)',
  'errors:              15            0',
  'pkt.report:         400          369',
  'lost:                 9           13',
  'jitter:             3.5          1.7  (ms)',
];
