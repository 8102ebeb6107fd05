#include <stdio.h>

int main(void) {
    long long cars, capacity;
    if (scanf("%lld %lld", &cars, &capacity) != 2) return 1;
    long long loads = (cars + capacity - 1) / capacity;
    printf("%lld\n", loads == 0 ? 0 : 2 * loads - 1);
    return 0;
}
