// RUNTIME_ERROR
#include "hostile.h"

static void *wait_for_ever(void *unused) {
    pause();
    return unused;
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 5000; i++)
        if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0) return 1;
    puts("3");
}
