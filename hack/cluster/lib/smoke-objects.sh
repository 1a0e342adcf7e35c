# shellcheck shell=bash
# The objects that smoke.sh makes. Sourced, never run.

# restricted_pod NAME: around a Python program on stdin, with every line of the
# restricted Pod Security profile and a read-only root on top.
restricted_pod() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
$(restricted_spec 2)
YAML
}

# restricted_spec INDENT: the part of a pod's spec that pods and Jobs share.
restricted_spec() {
  local indent
  printf -v indent '%*s' "$1" ''
  sed "s/^/$indent/" <<YAML
securityContext:
  {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
containers:
- name: main
  image: localhost/codeflare/python:3.11
  securityContext:
    {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
  resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 128Mi}}
  command: [python3, -c]
  args:
  - |
$(sed 's/^/    /')
YAML
}

restricted_namespace() {
  kube label namespace default pod-security.kubernetes.io/enforce=restricted --overwrite >/dev/null
}

probe_api() {
  restricted_namespace
  restricted_pod api <<'PYTHON'
import os, socket, ssl, urllib.request
assert os.getuid() == 1000
try:
    open("/file", "w")
    raise SystemExit("the root file system can be written")
except OSError as error:
    print("root file system:", error)
status = open("/proc/self/status").read()
assert "Seccomp:\t2" in status, "no seccomp filter"
assert "CapEff:\t0000000000000000" in status, "capabilities left"
print("DNS:", socket.gethostbyname("kube-dns.kube-system.svc.cluster.local"))
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://kubernetes.default.svc/version",
    headers={"Authorization": "Bearer " + open(folder + "token").read()})
context = ssl.create_default_context(cafile=folder + "ca.crt")
print(urllib.request.urlopen(request, context=context, timeout=5).read().decode())
PYTHON
}

# Addresses outside (a public one, a cloud's metadata, the machine's own uplink)
# and names outside: none may answer.
probe_outside() {
  restricted_pod outside <<PYTHON
import socket
uplink = "$(ip -4 -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')"
for address in filter(None, ["1.1.1.1", "169.254.169.254", uplink]):
    for port in 53, 80, 443, 22:
        try:
            socket.create_connection((address, port), timeout=0.3)
            raise SystemExit(f"{address}:{port} answers")
        except OSError as error:
            print(address, port, error)
try:
    raise SystemExit("a name outside resolves: " + socket.gethostbyname("example.com"))
except OSError as error:
    print("example.com:", error)
PYTHON
}

# A server that stays, its Service, and a client that asks the Service.
service_reached() {
  restricted_pod server <<'PYTHON' | kube apply -f -
import http.server
http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)
PYTHON
  kube expose pod server --port=80 --target-port=8080
  pod_ready server
  run_probe client
}

probe_client() {
  restricted_pod client <<'PYTHON'
import time, urllib.request
for attempt in range(40):  # until the proxy has heard of the new Service
    try:
        print(urllib.request.urlopen("http://server", timeout=2).status)
        break
    except OSError as error:
        last = error
        time.sleep(0.25)
else:
    raise SystemExit(f"no answer: {last}")
PYTHON
}

# Each worker listens, and asks the other by its name for its own.
two_workers() {
  cat <<YAML
apiVersion: v1
kind: Service
metadata: {name: meet}
spec: {clusterIP: None, selector: {job-name: meet}, publishNotReadyAddresses: true}
---
apiVersion: batch/v1
kind: Job
metadata: {name: meet}
spec:
  completionMode: Indexed
  completions: 2
  parallelism: 2
  backoffLimit: 0
  template:
    spec:
      subdomain: meet
      restartPolicy: Never
$(
    restricted_spec 6 <<'PYTHON'
import os, socket, threading, time
own, other = os.environ["JOB_COMPLETION_INDEX"], str(1 - int(os.environ["JOB_COMPLETION_INDEX"]))
server = socket.create_server(("", 7000))
def answer():
    connection, _ = server.accept()
    connection.sendall(own.encode())
    connection.close()
answering = threading.Thread(target=answer)
answering.start()
for attempt in range(120):
    try:
        heard = socket.create_connection((f"meet-{other}.meet", 7000), timeout=2).recv(9).decode()
        break
    except OSError:
        time.sleep(0.25)
assert heard == other, heard
print(f"worker {own} on {socket.gethostname()} heard from worker {heard}")
answering.join(30)
PYTHON
  )
YAML
}
