// MEMORY_LIMIT_EXCEEDED OUTPUT_LIMIT_EXCEEDED
// without namespaces and control groups: RUNTIME_ERROR
#include "hostile.h"

// Where there is no /dev/shm of its own, it is refused.
int main(void) {
    int file = shm_open("/judgemesh", O_RDWR | O_CREAT, 0600);
    if (file == -1) return 1;
    for (int i = 0; i < 8; i++) {
        char name[32];
        sprintf(name, "/judgemesh-%d", i);
        file = shm_open(name, O_RDWR | O_CREAT, 0600);
        if (ftruncate(file, 1 << 20) == -1) return 2;
        for (int j = 0; j < 20; j++) memset(mmap(0, 1 << 20, 3, MAP_SHARED, file, 0), 1, 1 << 20);
    }
    sleep(100);
}
