"""PJSIP as a caller or a gateway, for the tests: told by one argument of JSON, tells by lines of JSON, ends by SIGTERM.

role       "caller" or "gateway"
transport  "udp" or "tcp"
server     host:port, where all is sent
domain     of the accounts
target     caller: the URI that is called
username, password   gateway: its account
reliable   whether 100rel is required
timer      whether a session timer is required, and of 90 s
"""

import json
import os
import signal
import sys

import pjsua2 as pj

options = json.loads(sys.argv[1])


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Call(pj.Call):
    def onCallState(self, prm):
        info = self.getInfo()
        tell("call", state=info.stateText, code=info.lastStatusCode, reason=info.lastReason)

    def onCallMediaState(self, prm):
        active = [one for one in self.getInfo().media if one.status == pj.PJSUA_CALL_MEDIA_ACTIVE]
        if active:
            tell("media", count=len(active))


class Account(pj.Account):
    def __init__(self):
        super().__init__()
        self.calls = []

    def onRegState(self, prm):
        tell("registration", code=prm.code, active=self.getInfo().regIsActive)

    def onIncomingCall(self, prm):
        call = Call(self, prm.callId)
        self.calls.append(call)
        tell("incoming", sender=call.getInfo().remoteUri)
        answer = pj.CallOpParam()
        for code in (180, 200):
            answer.statusCode = code
            call.answer(answer)


def account_config():
    config = pj.AccountConfig()
    proxy = f"<sip:{options['server']};transport={options['transport']};lr>"
    config.sipConfig.proxies.append(proxy)
    config.regConfig.registerOnAdd = False
    if options["role"] == "gateway":
        username = options["username"]
        config.idUri = f"<sip:{username}@{options['domain']}>"
        config.regConfig.registrarUri = f"sip:{options['domain']}"
        config.regConfig.registerOnAdd = True
        config.regConfig.timeoutSec = 120
        credentials = pj.AuthCredInfo("digest", "*", username, 0, options["password"])
        config.sipConfig.authCreds.append(credentials)
    else:
        config.idUri = '"PJSIP" <sip:caller@endpoint.example>'
    if options.get("reliable"):
        config.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
    if options.get("timer"):
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_REQUIRED
        config.callConfig.timerSessExpiresSec = 90
    return config


stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


def main():
    signal.signal(signal.SIGTERM, stop)
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    kind = pj.PJSIP_TRANSPORT_TCP if options["transport"] == "tcp" else pj.PJSIP_TRANSPORT_UDP
    endpoint.transportCreate(kind, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    account = Account()
    account.create(account_config())
    if options["role"] == "caller":
        call = Call(account)
        account.calls.append(call)
        call.makeCall(options["target"], pj.CallOpParam(True))
    while not stopped:
        endpoint.libHandleEvents(50)
    endpoint.hangupAllCalls()
    if options["role"] == "gateway":
        account.setRegistration(False)
    for _ in range(20):
        endpoint.libHandleEvents(50)
    # Its own objects must not be taken down in the order that Python chooses.
    sys.stdout.flush()
    os._exit(0)


main()
