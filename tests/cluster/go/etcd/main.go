// Command etcd is etcd's own server. It has a module here since `go install` refuses modules that replace others.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
