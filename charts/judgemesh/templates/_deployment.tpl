{{/* A service's pods. root, name, service: its values; placement, role, account as in _envoy.tpl */}}
{{- define "judgemesh.deployment" -}}
{{- $service := .service -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    {{- include "judgemesh.labels" . | nindent 4 }}
spec:
  {{- if not $service.autoscaling.enabled }}
  replicas: {{ $service.replicas }}
  {{- end }}
  # A new pod is there before an old one goes.
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "judgemesh.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "judgemesh.labels" . | nindent 8 }}
        judgemesh.dev/proxy: sidecar
        {{- with $service.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .name }}
        judgemesh.dev/bootstrap: {{ include "judgemesh.bootstrap" . | sha256sum | trunc 16 }}
        {{- with $service.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- include "judgemesh.pullSecrets" .root | nindent 6 }}
      {{- include "judgemesh.podSecurity" . | nindent 6 }}
      {{- include "judgemesh.placement" . | nindent 6 }}
      # The service's own time, and then the sidecar's, which ends after it.
      terminationGracePeriodSeconds: {{ add $service.drain.seconds $service.drain.graceSeconds 10 }}
      initContainers:
        # The migrations' Job and the service start in any order.
        - name: schema
          image: {{ include "judgemesh.image" . }}
          imagePullPolicy: {{ .root.Values.images.pullPolicy }}
          args: [services.common.migrations, --wait, --seconds, "600", {{ .name }}]
          env:
            {{- include "judgemesh.databaseEnv" . | nindent 12 }}
          {{- include "judgemesh.containerSecurity" . | nindent 10 }}
          resources:
            {{- toYaml .root.Values.migrations.resources | nindent 12 }}
        # A sidecar as Kubernetes knows it: ready before the service starts, there until it has ended.
        - name: envoy
          restartPolicy: Always
          {{- include "judgemesh.envoyContainer" . | nindent 10 }}
          ports:
            - {name: mesh, containerPort: 15006}
            - {name: envoy-metrics, containerPort: 15090}
          startupProbe:
            httpGet: {path: /ready, port: envoy-metrics}
            periodSeconds: 1
            failureThreshold: 120
          lifecycle:
            # The service has ended; what it wrote last is on its way.
            preStop:
              sleep: {seconds: 1}
          resources:
            {{- toYaml .root.Values.envoy.resources | nindent 12 }}
      containers:
        - name: {{ .name }}
          image: {{ include "judgemesh.image" . }}
          imagePullPolicy: {{ .root.Values.images.pullPolicy }}
          args: [{{ if .root.Values.development.restart }}services.common.reload, {{ end }}services.{{ .name }}]
          env:
            {{- include "judgemesh.serviceEnv" . | nindent 12 }}
          {{- include "judgemesh.containerSecurity" . | nindent 10 }}
          ports:
            - {name: metrics, containerPort: 9090}
          # Through the sidecar, which lets the kubelet ask for the service's health and for nothing else.
          startupProbe:
            grpc: {port: 15021}
            periodSeconds: 1
            failureThreshold: 120
          readinessProbe:
            grpc: {port: 15021}
            periodSeconds: 2
            failureThreshold: 2
          livenessProbe:
            grpc: {port: 15021}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          resources:
            {{- toYaml $service.resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- if $service.scratch }}
            - {name: scratch, mountPath: /scratch}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 64Mi}
        {{- if $service.scratch }}
        - name: scratch
          emptyDir: {sizeLimit: {{ $service.scratch }}}
        {{- end }}
        {{- include "judgemesh.envoyVolumes" . | nindent 8 }}
{{- end }}

{{- define "judgemesh.databaseEnv" -}}
- name: JUDGEMESH_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ include "judgemesh.databaseSecret" . }}, key: url}
{{- end }}

{{- define "judgemesh.serviceEnv" -}}
{{- $service := .service -}}
{{- include "judgemesh.databaseEnv" . }}
- name: JUDGEMESH_NATS_URL
  valueFrom:
    secretKeyRef: {name: {{ include "judgemesh.natsSecret" .root }}, key: JUDGEMESH_NATS_URL}
{{- if eq .name "user" }}
- name: JUDGEMESH_USER_KEY_SECRET
  valueFrom:
    secretKeyRef: {name: {{ include "judgemesh.keySecret" .root }}, key: secret}
- name: JUDGEMESH_BOOTSTRAP_ADMIN_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ include "judgemesh.adminSecret" .root }}, key: password}
{{- end }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- range $key, $value := include "judgemesh.settings" . | fromYaml }}
- name: {{ $key }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Settings that are no secret: the chart's, and over them the values' `env`. */}}
{{- define "judgemesh.settings" -}}
{{- $settings := dict
  "JUDGEMESH_LISTEN" (printf "127.0.0.1:%v" .service.port)
  "JUDGEMESH_METRICS_LISTEN" "0.0.0.0:9090"
  "JUDGEMESH_MESH_ADDRESS" "127.0.0.1:15001"
  "JUDGEMESH_DRAIN_SECONDS" .service.drain.seconds
  "JUDGEMESH_GRACE_SECONDS" .service.drain.graceSeconds
  "JUDGEMESH_TRUSTED_HOPS" (add 1 .root.Values.gateway.trustedHops)
  "OTEL_TRACES_SAMPLER" "parentbased_traceidratio"
  "OTEL_TRACES_SAMPLER_ARG" .root.Values.telemetry.sampling
  "OTEL_RESOURCE_ATTRIBUTES" (printf "service.version=%s,k8s.namespace.name=%s,k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)" .root.Chart.AppVersion .root.Release.Namespace)
-}}
{{- with include "judgemesh.otlp" .root }}{{ $_ := set $settings "OTEL_EXPORTER_OTLP_ENDPOINT" (printf "http://%s" .) }}{{ end -}}
{{- if .service.scratch }}{{ $_ := set $settings "JUDGEMESH_PROBLEM_SCRATCH" "/scratch/packages" }}{{ end -}}
{{- if eq .name "user" }}{{ $_ := set $settings "JUDGEMESH_USER_REGISTRATION" .root.Values.accounts.registration }}{{ end -}}
{{- toYaml (mergeOverwrite $settings (.service.env | default dict)) }}
{{- end }}
