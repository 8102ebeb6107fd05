{{/* Envoy beside a service, and at the edge. Each takes a dict: root, name, role (sidecar or gateway). */}}

{{/* The volumes of a pod with Envoy. account: its service account */}}
{{- define "judgemesh.envoyVolumes" -}}
- name: envoy
  configMap:
    name: envoy-{{ .name }}
- name: identity
{{- if include "judgemesh.podCertificates" .root }}
  projected:
    sources:
      - podCertificate:
          signerName: {{ .root.Values.mesh.signerName }}
          keyType: ECDSAP256
          credentialBundlePath: bundle.pem
      - clusterTrustBundle:
          signerName: {{ .root.Values.mesh.signerName }}
          labelSelector: {}
          path: roots.pem
{{- else }}
  secret:
    secretName: {{ .account }}-mesh-identity
{{- end }}
{{- end }}

{{- define "judgemesh.envoyContainer" -}}
image: {{ include "judgemesh.otherImage" .root.Values.envoy.image }}
imagePullPolicy: {{ .root.Values.images.pullPolicy }}
command: [envoy]
args:
  - --config-path
  - /etc/judgemesh/envoy/bootstrap.json
  - --service-cluster
  - {{ .name }}
  - --service-node
  - $(POD_NAME).$(POD_NAMESPACE)
  - --log-level
  - {{ .root.Values.envoy.logLevel }}
  - --concurrency
  - {{ .concurrency | quote }}
  - --disable-hot-restart
env:
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: POD_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{ include "judgemesh.containerSecurity" . }}
volumeMounts:
  - name: envoy
    mountPath: /etc/judgemesh/envoy
    readOnly: true
  - name: identity
    mountPath: /var/run/judgemesh/identity
    readOnly: true
{{- end }}

{{/* What Envoy is started with, as judgemesh_operator.xds.bootstrap says it, and a page for kubelet and Prometheus. */}}
{{- define "judgemesh.bootstrap" -}}
{{- $mesh := .root.Values.mesh -}}
node:
  metadata:
    role: {{ .role }}
    name: {{ .name }}
    listen: {{ .listen | quote }}
    {{- with include "judgemesh.otlp" .root }}
    collector: {{ . | quote }}
    {{- end }}
    trust_domain: {{ $mesh.trustDomain }}
    certificates: /var/run/judgemesh/identity
    secrets: /etc/judgemesh/envoy
    inbound: 0.0.0.0:15006
    app: 127.0.0.1
    {{- if eq .role "sidecar" }}
    probes_port: "15021"
    {{- end }}
# It can stop the proxy: nobody but this pod reaches it.
admin:
  address:
    socket_address: {address: 127.0.0.1, port_value: 9901}
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    set_node_on_first_message_only: true
    grpc_services:
      - timeout: 0s
        envoy_grpc:
          cluster_name: control-plane
          retry_policy:
            retry_back_off: {base_interval: 0.1s, max_interval: 2s}
  cds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 5s}
  lds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 5s}
static_resources:
  clusters:
    - name: control-plane
      type: STRICT_DNS
      dns_lookup_family: V4_PREFERRED
      connect_timeout: 1s
      load_assignment:
        cluster_name: control-plane
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address:
                      address: {{ printf "%s.%s.svc" $mesh.controlPlane.host .root.Release.Namespace }}
                      port_value: {{ $mesh.controlPlane.port }}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config:
            http2_protocol_options:
              connection_keepalive: {interval: 10s, timeout: 10s}
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: {{ printf "%s.%s.svc" $mesh.controlPlane.serviceAccount .root.Release.Namespace }}
          common_tls_context:
            alpn_protocols: [h2]
            tls_params:
              tls_minimum_protocol_version: TLSv1_3
              tls_maximum_protocol_version: TLSv1_3
            tls_certificate_sds_secret_configs:
              - name: identity
                sds_config:
                  path_config_source: {path: /etc/judgemesh/envoy/sds-identity.json}
                  resource_api_version: V3
            combined_validation_context:
              default_validation_context:
                match_typed_subject_alt_names:
                  - san_type: URI
                    matcher:
                      exact: spiffe://{{ $mesh.trustDomain }}/ns/{{ .root.Release.Namespace }}/sa/{{ $mesh.controlPlane.serviceAccount }}
              validation_context_sds_secret_config:
                name: roots
                sds_config:
                  path_config_source: {path: /etc/judgemesh/envoy/sds-roots.json}
                  resource_api_version: V3
    - name: admin
      type: STATIC
      connect_timeout: 1s
      load_assignment:
        cluster_name: admin
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: {address: 127.0.0.1, port_value: 9901}
  listeners:
    - name: page
      address:
        socket_address: {address: 0.0.0.0, port_value: 15090}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: page
                route_config:
                  virtual_hosts:
                    - name: page
                      domains: ["*"]
                      routes:
                        {{- range list "/ready" "/stats/prometheus" }}
                        - match:
                            path: {{ . }}
                            headers:
                              - {name: ":method", string_match: {exact: GET}}
                          route: {cluster: admin}
                        {{- end }}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
overload_manager:
  resource_monitors:
    - name: envoy.resource_monitors.global_downstream_max_connections
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
        max_active_downstream_connections: 10000
{{- end }}

{{/* Where Envoy finds key, chain and roots, which change while it runs. */}}
{{- define "judgemesh.sdsIdentity" -}}
resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: identity
    tls_certificate:
      certificate_chain: {filename: /var/run/judgemesh/identity/bundle.pem}
      private_key: {filename: /var/run/judgemesh/identity/bundle.pem}
      watched_directory: {path: /var/run/judgemesh/identity}
{{- end }}
{{- define "judgemesh.sdsRoots" -}}
resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: roots
    validation_context:
      trusted_ca: {filename: /var/run/judgemesh/identity/roots.pem}
      watched_directory: {path: /var/run/judgemesh/identity}
{{- end }}

{{- define "judgemesh.envoyConfig" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: envoy-{{ .name }}
  labels:
    {{- include "judgemesh.labels" . | nindent 4 }}
data:
  bootstrap.json: |
    {{- include "judgemesh.bootstrap" . | fromYaml | toPrettyJson | nindent 4 }}
  sds-identity.json: |
    {{- include "judgemesh.sdsIdentity" . | fromYaml | toPrettyJson | nindent 4 }}
  sds-roots.json: |
    {{- include "judgemesh.sdsRoots" . | fromYaml | toPrettyJson | nindent 4 }}
{{- end }}
