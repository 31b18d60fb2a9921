package main

import "golang.org/x/sys/windows"

// diskFull are the errors of the system that say that there is no room.
var diskFull = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
