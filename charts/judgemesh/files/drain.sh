# Ends a gateway's pod without failing a request: drain.sh SECONDS GRACE
# Envoy itself ends at once when it is told to. First it says that it is not well, so that load balancers turn away and
# clients are asked to connect anew; then no connection is taken; then requests in flight may finish.

admin() { # METHOD PATH
  exec 3<>/dev/tcp/127.0.0.1/9901 || return 1
  printf '%s %s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3>&-
}

active() { # connections of clients that have a request under way
  admin GET '/stats?filter=^http\.gateway\.downstream_rq_active$' | tr -d '\r' | sed -n 's/^.*downstream_rq_active: //p'
}

admin POST /healthcheck/fail >/dev/null
sleep "$1"
admin POST '/drain_listeners?graceful&skip_exit' >/dev/null
for ((second = 0; second < $2; second++)); do
  [ "$(active)" = 0 ] && break
  sleep 1
done
