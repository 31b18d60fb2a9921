package ggmlrpc

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
)

// ours says whether the other end of a connection on the loopback interface is a socket of this process.
func ours(conn net.Conn) bool {
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	here, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	inode := inodeOf(peer.Port, here.Port)
	if inode == "" {
		return false
	}
	const sockets = "/proc/self/fd"
	files, err := os.ReadDir(sockets)
	if err != nil {
		return false
	}
	for _, f := range files {
		if target, err := os.Readlink(sockets + "/" + f.Name()); err == nil && target == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

// inodeOf returns the number of the socket that is connected from one port of 127.0.0.1 to another, or "".
func inodeOf(from, to int) string {
	f, err := os.Open("/proc/self/net/tcp")
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	want := [2]string{fmt.Sprintf("0100007F:%04X", from), fmt.Sprintf("0100007F:%04X", to)}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// sl local_address rem_address st queues timer retransmits uid timeout inode
		if v := strings.Fields(lines.Text()); len(v) > 9 && v[1] == want[0] && v[2] == want[1] {
			return v[9]
		}
	}
	return ""
}
